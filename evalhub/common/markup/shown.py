"""How code, pictures and formulas are shown: render rules for markdown-it."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import structlog
from django.utils.html import escape
from latex2mathml.converter import convert as latex_to_mathml
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from evalhub.common.markup.colours import coloured_lines

log = structlog.get_logger(__name__)

MOST_FORMULA = 2_000
MOST_FORMULAS = 200

Env = MutableMapping[str, Any]  # markdown-it's own type of what rules share


def _code(
    _: RendererProtocol, tokens: Sequence[Token], i: int, options: OptionsDict, env: Env
) -> str:
    """Coloured by classes when the fence names a language that Pygments knows.

    Its marks, where it has some: attributes for the whole, or pieces for each line.
    """
    token = tokens[i]
    lines = coloured_lines(token.content, language=token.info.strip().split(" ")[0])
    kind = "" if lines is None else ' class="highlight"'
    if "lines" in token.meta:
        body = "\n".join(_marked_lines(token.meta["lines"], lines))
    elif lines is None:
        body = escape(token.content)
    else:
        body = "\n".join(lines)
    return f"<pre{kind}{token.meta.get('whole', '')}><code>{body}</code></pre>\n"


def _marked_lines(pieces: list[list[tuple[str, str]]], coloured: list[str] | None) -> list[str]:
    """Each line in the elements that say where it stands.

    Args:
        pieces: of each line, attributes and text. More than one where a tab was cut in two.
    """
    if coloured is not None and all(len(line) < 2 for line in pieces):
        return [
            f"<span{line[0][0]}>{html}</span>" if line else ""
            for line, html in zip(pieces, coloured, strict=True)
        ]
    return [
        "".join(f"<span{attributes}>{escape(text)}</span>" for attributes, text in line)
        for line in pieces
    ]


def _image(
    _: RendererProtocol, tokens: Sequence[Token], i: int, options: OptionsDict, env: Env
) -> str:
    """Named, never loaded: a picture would tell its server who reads."""
    address = str(tokens[i].attrGet("src") or "")
    shown = escape(f"[image: {tokens[i].content} {address}]")
    return f'<span class="left-out">{shown}</span>'


def _formula(
    _: RendererProtocol, tokens: Sequence[Token], i: int, options: OptionsDict, env: Env
) -> str:
    display = "block" if tokens[i].markup == "\\[" else "inline"
    return _mathml(tokens[i].content, env, display=display)


def _formula_block(
    _: RendererProtocol, tokens: Sequence[Token], i: int, options: OptionsDict, env: Env
) -> str:
    number = f" ({escape(tokens[i].info)})" if tokens[i].info else ""
    return f"<div>{_mathml(tokens[i].content, env, display='block')}{number}</div>\n"


def _mathml(latex: str, env: Env, *, display: str) -> str:
    """MathML, or the source as code when it is too long, one too many, or not to be read."""
    env["formulas"] += 1
    if env["formulas"] <= MOST_FORMULAS and len(latex) <= MOST_FORMULA:
        try:  # the converter copies \\text{<…>} as it is, so no bracket may reach it
            safe = latex.strip().replace("<", r"\lt ").replace(">", r"\gt ")
            return str(latex_to_mathml(safe, display=display))
        except Exception:  # it raises many kinds; the reader sees the source instead
            log.debug("markup.formula_left_as_source", length=len(latex))
    return f"<code>{escape(latex)}</code>"


def _marked(
    _: RendererProtocol, tokens: Sequence[Token], i: int, options: OptionsDict, env: Env
) -> str:
    return f"<span{tokens[i].markup}>{escape(tokens[i].content)}</span>"


RULES: dict[str, Callable[..., str]] = {
    "fence": _code,
    "code_block": _code,
    "image": _image,
    "math_inline": _formula,
    "math_block": _formula_block,
    "text_special": lambda _, tokens, i, options, env: str(escape(tokens[i].content)),
    "marked": _marked,
}
