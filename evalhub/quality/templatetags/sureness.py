"""The consensus on one thing, in words."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from evalhub.judgments.templatetags.my_work import percent
from evalhub.quality import sureness
from evalhub.quality.models import UnitConsensus

register = template.Library()


@register.filter
def said(row: UnitConsensus) -> str:
    """What people say together; of two responses which is better."""
    told = sureness.said(row)
    if row.second_id is None:
        return told
    return _("%(letter)s is better") % {"letter": told} if row.answer else _("neither")


@register.filter
def thing(row: UnitConsensus) -> str:
    """What was judged."""
    if row.second_id is not None:
        letters = sorted(sureness.letter(row, is_first=side) for side in (True, False))
        return _("%(one)s or %(other)s") % {"one": letters[0], "other": letters[1]}
    if row.first_id is not None:
        return _("Response %(letter)s") % {"letter": sureness.letter(row, is_first=True)}
    if row.turn is not None:
        return _("turn %(n)s of the prompt") % {"n": row.turn + 1}
    return _("the prompt")


@register.filter
def sure(row: UnitConsensus) -> str:
    """Its probability; of a number its standard deviation."""
    if row.probability is None:
        error = number_format(round(row.error or 0.0, 2), decimal_pos=2)
        return _("± %(error)s") % {"error": error}
    return percent(row.probability)
