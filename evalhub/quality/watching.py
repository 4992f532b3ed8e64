"""Figures of a campaign that alerts and a Loop's bars go by, of the judgments from given sources alone."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.price import seen_in

OF_PEOPLE = (Source.HUMAN.value, Source.IMPORTED.value)


def judged_in(campaign: Campaign, sources: Sequence[str]) -> QuerySet[Judgment]:
    return Judgment.objects.counted().filter(campaign=campaign, source__in=sources)


def agreement_in(campaign: Campaign, sources: Sequence[str], *, fewest: int) -> float | None:
    """The intraclass correlation of two judgments of a task, of the newest 500; None while fewer than
    `fewest` say anything."""
    history = seen_in(campaign, sources)
    return history.correlation if history.assumed.judgments >= fewest else None
