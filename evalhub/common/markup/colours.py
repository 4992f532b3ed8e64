"""Colours for code, line by line, as classes that the stylesheet knows."""

from __future__ import annotations

from itertools import groupby

from django.utils.html import escape
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

MOST_COLOURED = 20_000  # characters


def coloured_lines(source: str, *, language: str) -> list[str] | None:
    """HTML for each line of `source.split("\\n")`.

    None where no colour is to be had: no language that Pygments knows, too long, or a lexer that
    changes the text (a byte order mark, say), for then the places in it would be wrong.
    """
    if not language or len(source) > MOST_COLOURED:
        return None
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
    tokens = [(kind, value) for kind, value in lexer.get_tokens(source) if value]
    if "".join(value for _, value in tokens).removesuffix("\n") != source.removesuffix("\n"):
        return None
    lines: list[list[str]] = [[]]
    for name, group in groupby(tokens, key=lambda token: _class_of(token[0])):
        for nth, part in enumerate("".join(value for _, value in group).split("\n")):
            if nth:
                lines.append([])
            if part:
                shown = escape(part)
                lines[-1].append(f'<span class="{name}">{shown}</span>' if name else shown)
    if not source.endswith("\n") and not lines[-1]:
        lines.pop()  # lexers end each source with a line feed
    return ["".join(line) for line in lines]


def _class_of(kind: _TokenType) -> str:
    """The class of the nearest kind that has one: lexers invent kinds of their own."""
    while kind not in STANDARD_TYPES and kind.parent:
        kind = kind.parent
    return STANDARD_TYPES.get(kind, "")
