"""Hostile text to safe HTML: Markdown, code, formulas. The one place where text becomes markup.

Three walls: markdown-it makes no tag that is not its own (`html` is off), the rules in `shown` give
code and formulas in elements they choose, and nh3 lets through only what `cleaning` lists. Whatever
still goes wrong ends as escaped plain text: a page never fails because of what a model wrote.
"""

from __future__ import annotations

from functools import lru_cache

import structlog
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from evalhub.common.markup.cleaning import cleaned, cleaned_with_marks
from evalhub.common.markup.marks import mark, mark_attributes
from evalhub.common.markup.parsing import MOST_NESTED, parser_for
from evalhub.common.markup.places import Source
from evalhub.common.markup.shown import Env

__all__ = ["MOST_RENDERED", "to_html", "to_marked_html", "to_marked_lines"]

log = structlog.get_logger(__name__)

MOST_RENDERED = 60_000  # characters; longer text is shown plain, and whole
KEPT = 4_000  # characters; what is no longer is rendered once for several annotators


def to_html(text: str) -> SafeString:
    """Render Markdown with tables, code and formulas; never raises, never loads anything.

    Images become their text and address. Links lead to http(s) or mailto only, with
    `rel="noopener noreferrer nofollow"`. Above 60,000 characters, or nested more than 20 deep,
    the text is shown as it is.
    """
    source = Source(text)
    shown = None if len(text) > MOST_RENDERED else _rendered(source, marked=False)
    return _plain(source) if shown is None else shown


def to_marked_html(text: str) -> SafeString:
    """Render what `to_html` renders, where each piece says where it stands in `text`.

    The nearest ancestor of a visible character that has `data-at` says so, in Unicode code points:

    - with `data-at` alone, its text content is `text[at:at + len(content)]`, letter by letter;
    - with `data-to` as well (a formula, a picture, `&amp;`), it stands for `text[at:to]` as a whole.

    What lies in no such element is white space between pieces. Such elements are never nested, and
    stand in the order of the text. A script counts UTF-16 units, so it has to convert.

    >>> to_marked_html("**Yes** &amp; no")
    '<p><strong><span data-at="2">Yes</span></strong><span data-at="7"> </span>\
<span data-at="8" data-to="13">&amp;</span><span data-at="13"> no</span></p>\\n'
    """
    return _kept(text) if len(text) <= KEPT else _marked(text)


def to_marked_lines(text: str) -> SafeString:
    """`text` as it was written, escaped and marked as by `to_marked_html`; to be put in a `<pre>`.

    >>> to_marked_lines("*Yes*")
    '<span data-at="0">*Yes*</span>'
    """
    return _marked_lines(Source(text))


def _marked(text: str) -> SafeString:
    source = Source(text)
    shown = None if len(text) > MOST_RENDERED else _rendered(source, marked=True)
    return _plain_with_marks(source) if shown is None else shown


_kept = lru_cache(maxsize=256)(
    _marked
)  # shown to several, minutes apart; 2 to 4 MB of prose, 19 of bare markup


def _rendered(source: Source, *, marked: bool) -> SafeString | None:
    """None when the text is better shown as it is."""
    text = source.text
    try:
        formulas = "$" in text or "\\(" in text or "\\[" in text
        parser = parser_for(formulas=formulas, marked=marked)
        env: Env = {"formulas": 0}
        tokens = parser.parse(text, env)
        if any(token.level >= MOST_NESTED - 2 for token in tokens):
            return None
        if marked:
            tokens = mark(tokens, source)
        made = parser.renderer.render(tokens, parser.options, env)
        return cleaned_with_marks(made) if marked else cleaned(made)
    except Exception:  # the last wall: other people's parsers on hostile text
        log.exception("markup.failed", length=len(text))
        return None


def _plain(source: Source) -> SafeString:
    return format_html("<pre>{}</pre>", source.text)


def _plain_with_marks(source: Source) -> SafeString:
    return format_html("<pre>{}</pre>", _marked_lines(source))


def _marked_lines(source: Source) -> SafeString:
    """One element, or one for each line where the browser reads CR LF as one character.

    An element of its own in any case: right after `<pre>` the browser drops a line feed.
    """
    text = source.text
    if text == source.raw:
        return format_html('<span data-at="0">{}</span>', text)
    lines = []
    for start, end in source.lines:
        attributes = mark_attributes(source, text[start:end], start, end)
        lines.append(f"<span{attributes}>{escape(text[start:end])}</span>")
    return mark_safe("\n".join(lines))  # noqa: S308  escaped line by line
