from __future__ import annotations

from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def figure(value: float | None) -> str:
    """Three places, with the sign that typesetters use; a dash for what has no value."""
    if value is None:
        return "–"
    return number_format(value, decimal_pos=3).replace("-", "−")


@register.filter
def verdict_words(question: dict[str, Any]) -> str:  # Any: JSON
    """What the interval allows to say, or why there is no value."""
    words = {
        "no_pairs": _("undefined, because nothing was answered by two people"),
        "one_value": _("undefined, because everybody always gave the same answer"),
        "reliable": _("good enough to rely on"),
        "tentative": _("good enough for tentative conclusions"),
        "too_low": _("too low to train on; the tasks below are why"),
        "unsure": _("not known yet: more answers to the same tasks would tell"),
    }
    return words[question["undefined"] or question["verdict"]]


@register.filter
def figure_words(row: dict[str, Any]) -> str:  # Any: JSON
    """What a line of the two wordings is about."""
    words = {
        "seconds": _("Active seconds per judgment, median"),
        "agreement": _("Agreement: %(question)s"),
        "ties": _("Ties: %(question)s"),
        "cannot_tell": _("Could not tell: %(question)s"),
    }
    return words[row["figure"]] % {"question": row["question"]}


@register.filter
def with_interval(found: dict[str, float | None], figure_name: str) -> str:
    """ "0.412 (0.301 to 0.523)"; shares in percent."""
    told = [_in_unit(found[name], figure_name) for name in ("value", "low", "high")]
    if found["low"] is None:
        return told[0]
    return _("%(value)s (%(low)s to %(high)s)") % dict(
        zip(("value", "low", "high"), told, strict=True)
    )


def _in_unit(value: float | None, figure_name: str) -> str:
    if value is None or figure_name == "agreement":
        return figure(value)
    if figure_name == "seconds":
        return number_format(value, decimal_pos=1).replace("-", "−")
    return _("%(n)s %%") % {"n": number_format(100 * value, decimal_pos=1).replace("-", "−")}
