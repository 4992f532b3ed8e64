"""What people's ratings say of completions, as one number each."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, FloatField, Sum
from django.db.models.functions import Cast

from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Rating
from evalhub.rubrics.models import ScaleKind


def mean_ratings(
    completions: Sequence[int], *, sources: Sequence[Source] = tuple(Source)
) -> dict[int, float]:
    """For each completion that was rated, its mean rating from 0 (the lowest points) to 1.

    Over all counted ratings on criteria where more is better (a scale, yes or no), by their
    weights; "could not tell" is left out.
    """
    rows = Rating.objects.filter(
        completion__in=completions,
        turn=None,
        value__isnull=False,
        criterion__kind__in=[ScaleKind.SCALE, ScaleKind.YES_NO],
        criterion__weight__gt=0,
        judgment__in=Judgment.objects.counted().from_sources(*sources),
    )
    part = Cast(F("value") - F("criterion__low"), FloatField()) / (
        F("criterion__high") - F("criterion__low")
    )
    weighed = rows.order_by("completion").values_list("completion")
    return dict(
        weighed.annotate(mean=Sum(F("criterion__weight") * part) / Sum("criterion__weight"))
    )
