"""What sets a judgment apart from the rest, for the table: `{% load marks %}`."""

from __future__ import annotations

from typing import NamedTuple

from django import template
from django.utils.translation import gettext as _

from evalhub.browse.choices import Mark
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment

register = template.Library()


class Badge(NamedTuple):
    text: str
    meaning: str  # the class of the badge, or nothing


@register.filter
def marks(judgment: Judgment) -> list[Badge]:
    told = [
        (judgment.withdrawn_at is not None, Badge(str(Mark.WITHDRAWN.label), "caution")),
        (judgment.is_extra, Badge(str(Mark.EXTRA.label), "")),
        (judgment.is_fix, Badge(str(Mark.FIX.label), "")),
        (judgment.is_verdict, Badge(str(Mark.VERDICT.label), "")),
        (hasattr(judgment, "returned"), Badge(str(Mark.RETURNED.label), "caution")),
        (hasattr(judgment, "superseded_by"), Badge(_("superseded"), "")),
        (judgment.source != Source.HUMAN, Badge(judgment.source, "info")),
    ]
    return [badge for is_so, badge in told if is_so]
