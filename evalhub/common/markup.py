"""Hostile text to safe HTML: Markdown, code, formulas. The one place where text becomes markup.

Three walls: markdown-it makes no tag that is not its own (`html` is off), the renderer below gives
code and formulas in elements it chooses, and nh3 lets through only what is listed here. Whatever
still goes wrong ends as escaped plain text: a page never fails because of what a model wrote.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any

import nh3
import structlog
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from latex2mathml.converter import convert as latex_to_mathml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.texmath import texmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

log = structlog.get_logger(__name__)

MOST_RENDERED = 60_000  # characters; longer text is shown plain, and whole
MOST_HIGHLIGHTED = 20_000
MOST_FORMULA = 2_000
MOST_FORMULAS = 200
MOST_NESTED = 20  # markdown-it drops what is deeper, so such a text is shown plain

_TEXT = {"a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6"}
_TEXT |= {"hr", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "ul"}
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_MATH = {"math", "menclose", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover"}
_MATH |= {"mpadded", "mphantom", "mprescripts", "mroot", "mrow", "mspace", "msqrt", "mstyle"}
_MATH |= {"msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover"}
_MATH_ATTRIBUTES = {"accent", "columnalign", "columnspacing", "depth", "display", "displaystyle"}
_MATH_ATTRIBUTES |= {"fence", "form", "height", "largeop", "linethickness", "lspace", "mathsize"}
_MATH_ATTRIBUTES |= {"mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowspacing"}
_MATH_ATTRIBUTES |= {"rspace", "scriptlevel", "separator", "stretchy", "symmetric", "width"}
_ATTRIBUTES: dict[str, set[str]] = {"a": {"href", "title"}, "ol": {"start"}}
_ATTRIBUTES |= {name: {"class"} for name in ("code", "div", "span", "pre")}
_ATTRIBUTES |= dict.fromkeys(_MATH, _MATH_ATTRIBUTES)


Env = MutableMapping[str, Any]  # markdown-it's own type of what rules share


def to_html(text: str) -> SafeString:
    """Render Markdown with tables, code and formulas; never raises, never loads anything.

    Images become their text and address. Links lead to http(s) or mailto only, with
    `rel="noopener noreferrer nofollow"`. Above 60,000 characters, or nested more than 20 deep,
    the text is shown as it is.
    """
    text = text.replace("\x00", "\ufffd")
    if len(text) > MOST_RENDERED:
        return _plain(text)
    try:
        brackets = 0 < text.count("\\(") + text.count("\\[") <= MOST_FORMULAS
        parser = _parser(brackets)
        env: Env = {"formulas": 0}
        tokens = parser.parse(text, env)
        if any(token.level >= MOST_NESTED - 2 for token in tokens):
            return _plain(text)
        return _cleaned(parser.renderer.render(tokens, parser.options, env))
    except Exception:  # the last wall: other people's parsers on hostile text
        log.exception("markup.failed", length=len(text))
        return _plain(text)


def _cleaned(made: str) -> SafeString:
    clean = nh3.clean(
        made,
        tags=_TEXT | _TABLE | _MATH,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308  nh3 has just cleaned it


def _plain(text: str) -> SafeString:
    return format_html("<pre>{}</pre>", text)


@cache
def _parser(brackets: bool) -> MarkdownIt:  # noqa: FBT001  one parser for each of two answers
    """A parser without tags of the text's own.

    Args:
        brackets: read `\\(…\\)` and `\\[…\\]` too. That plugin is quadratic, so only where few stand.
    """
    options = {"html": False, "linkify": False, "maxNesting": MOST_NESTED}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.validateLink = _leads_out  # type: ignore[method-assign]  # its documented hook
    parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False)
    if brackets:
        parser.use(texmath_plugin, delimiters="brackets")
    rules = {"fence": _code, "code_block": _code, "image": _image, "math_inline": _formula}
    rules |= dict.fromkeys(("math_block", "math_block_eqno"), _formula_block)
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


def _leads_out(url: str) -> bool:
    """A link within evalhub would let a model's text send its reader anywhere in here."""
    return url.lower().startswith(("http://", "https://", "mailto:"))


def _code(
    _: RendererProtocol, tokens: Sequence[Token], i: int, options: OptionsDict, env: Env
) -> str:
    """Coloured by classes when the fence names a language that Pygments knows."""
    source, language = tokens[i].content, tokens[i].info.strip().split(" ")[0]
    if language and len(source) <= MOST_HIGHLIGHTED:
        try:
            lexer = get_lexer_by_name(language, stripnl=False)
        except ClassNotFound:
            language = ""
        else:
            coloured = highlight(source, lexer, HtmlFormatter(nowrap=True))
            return f'<pre class="highlight"><code>{coloured}</code></pre>\n'
    return f"<pre><code>{escape(source)}</code></pre>\n"


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
    return _mathml(tokens[i].content, env, display="inline")


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
