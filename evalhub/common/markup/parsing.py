"""The parsers: which Markdown is read, and which rule shows what."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from evalhub.common.markup import shown
from evalhub.common.markup.brackets import brackets_plugin
from evalhub.common.markup.recording import recording_plugin

MOST_NESTED = 20  # markdown-it drops what is deeper, so such a text is shown plain


@cache
def parser_for(*, formulas: bool, marked: bool) -> MarkdownIt:
    """A parser without tags of the text's own.

    Args:
        formulas: read them too. Without their rules the rest is a fifth quicker.
        marked: the tokens say where they stand, for `marks`.
    """
    options = {"html": False, "linkify": False, "maxNesting": MOST_NESTED}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.validateLink = _leads_out  # type: ignore[method-assign]  # its documented hook
    if formulas:
        parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False)
        parser.use(brackets_plugin)
    if marked:
        parser.use(recording_plugin)
    for name, rule in shown.RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _leads_out(url: str) -> bool:
    """A link within evalhub would let a model's text send its reader anywhere in here."""
    return url.lower().startswith(("http://", "https://", "mailto:"))
