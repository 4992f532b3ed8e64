"""What the pages of an annotator's work say about time and shares: `{% load my_work %}`."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from evalhub.common.percent import whole_percent

register = template.Library()

MINUTE = 60_000  # milliseconds
FEW = 10


@register.filter
def minutes(milliseconds: int | None) -> str:
    """ "41 s", "2.5 min", "34 min"; a dash where nobody measured."""
    if milliseconds is None:
        return "–"
    if milliseconds < MINUTE:
        return _("%(n)s s") % {"n": round(milliseconds / 1000)}
    told = milliseconds / MINUTE
    digits = 1 if told < 10 else 0
    written = number_format(round(told, digits), decimal_pos=digits, force_grouping=True)
    return _("%(n)s min") % {"n": written}


@register.filter
def percent(share: float | None) -> str:
    return "–" if share is None else _("%(n)s %%") % {"n": whole_percent(share)}


@register.filter
def about_left(judgments: int) -> str:
    """In tens, from a thousand on in two digits: a place more or less would tell who draws gold."""
    if judgments < FEW:
        return _("fewer than %(n)s judgments") % {"n": FEW} if judgments else _("none")
    step = max(FEW, 10 ** (len(str(judgments)) - 2))
    written = number_format(judgments // step * step, force_grouping=True)
    return _("about %(n)s judgments") % {"n": written}
