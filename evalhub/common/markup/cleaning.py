"""The last wall: the tags and attributes that may reach a page. Everything else is dropped."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe

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

_TAGS = _TEXT | _TABLE | _MATH
_LEADS_TO = {"http", "https", "mailto"}
_TELLS_NOTHING = "noopener noreferrer nofollow"

# None of these is what HTML calls a formatting element: where tags cross, a browser copies those
# with their attributes, and a copy would claim the place of its original.
_MARKED = ("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "span", "td", "th")
_PLACES = {"data-at", "data-to"}
_WITH_PLACES = _ATTRIBUTES | {name: _ATTRIBUTES.get(name, set()) | _PLACES for name in _MARKED}


def _digits_only(_: str, attribute: str, value: str) -> str | None:
    if attribute in _PLACES and not (value.isascii() and value.isdigit()):
        return None
    return value


# built once: building costs as much as cleaning a page
_plain = nh3.Cleaner(
    tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_LEADS_TO, link_rel=_TELLS_NOTHING
)
_marked = nh3.Cleaner(
    tags=_TAGS,
    attributes=_WITH_PLACES,
    attribute_filter=_digits_only,
    url_schemes=_LEADS_TO,
    link_rel=_TELLS_NOTHING,
)


def cleaned(made: str) -> SafeString:
    return mark_safe(_plain.clean(made))  # noqa: S308  nh3 has just cleaned it


def cleaned_with_marks(made: str) -> SafeString:
    """Clean as `cleaned` does, but keep the places, `data-at` and `data-to`, where they are numbers."""
    return mark_safe(_marked.clean(made))  # noqa: S308  nh3 has just cleaned it
