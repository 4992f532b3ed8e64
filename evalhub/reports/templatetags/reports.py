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
