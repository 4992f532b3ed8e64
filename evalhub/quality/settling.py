"""Keeping a campaign's consensus up to date: its fit, and its disputes. Shapes: R answers, U units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.fits import consensus_of, fit_of, knows, model_of
from evalhub.quality.models import Consensus, ReliabilityFit
from evalhub.quality.questions import Asked, questions_of
from evalhub.quality.scope import Scope

Beat = Callable[[], object]

GROWN = 1.01  # so many times the answers of a fit, and it is time for another
_MARGIN = 60  # seconds, for what a transaction under way may still bring
_UNITS = 4  # decimals of a probability

_FORGET = """
    DELETE FROM quality_dispute d WHERE campaign_id = %(campaign)s
        AND NOT EXISTS (SELECT FROM unnest(%(tasks)s::bigint[]) AS task WHERE task = d.task_id)
"""
_STORE = """
    INSERT INTO quality_dispute (task_id, campaign_id, criterion_id, answers, probability)
    SELECT task, %(campaign)s, nullif(criterion, 0), answers, probability
    FROM unnest(%(tasks)s::bigint[], %(criteria)s::bigint[], %(answers)s::int[], %(sure)s::float[])
        AS found (task, criterion, answers, probability)
    ON CONFLICT (task_id) DO UPDATE SET criterion_id = excluded.criterion_id,
        answers = excluded.answers, probability = excluded.probability
    WHERE (quality_dispute.criterion_id, quality_dispute.answers, quality_dispute.probability)
        IS DISTINCT FROM (excluded.criterion_id, excluded.answers, excluded.probability)
"""


class Found(NamedTuple):
    """One dispute: keys (criterion 0: overall), how many answered, and how sure the consensus is."""

    task: int
    criterion: int
    answers: int
    probability: float


def settle(campaign: Campaign, *, beat: Beat = lambda: None) -> Consensus | None:
    """Bring the campaign's consensus up to date; None while nobody has answered.

    The fit is computed anew when the answers are a hundredth more than it was made of: at a million
    that takes half a minute, and one that is a little older tells nothing else about anybody. What
    it makes of each task is always computed from all answers as they are now.
    """
    now = timezone.now()
    asked = answered(campaign)
    if not asked:
        return None
    fit = fit_for(campaign, asked, beat=beat)
    found = disputes_of(campaign, asked, fit)
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # one at a time
        _store(campaign, found)
        values = {
            "fit": fit,
            "settled_at": now,
            "units": units_of(asked),
            "disputed": len(found),
        }
        row, _created = Consensus.objects.update_or_create(campaign=campaign, defaults=values)
    return row


def fit_for(
    campaign: Campaign, asked: Sequence[Asked], *, beat: Beat = lambda: None
) -> ReliabilityFit:
    """The newest fit if it still does, else a new one."""
    answers = sum(len(each.value_R) for each in asked)
    newest = campaign.reliability_fits.first()
    if newest is not None and newest.answers <= answers <= newest.answers * GROWN:
        fits = newest.questions
        if all(
            str(each.criterion) in fits and knows(fits[str(each.criterion)], each) for each in asked
        ):
            return newest
    questions = fits_of(asked, beat=beat)
    return ReliabilityFit.objects.create(campaign=campaign, answers=answers, questions=questions)


def fits_of(asked: Sequence[Asked], *, beat: Beat = lambda: None) -> dict[str, Any]:
    """The fit of each question, by the key of its criterion."""
    return {str(each.criterion): fit_of(each, model_of(each, beat=beat)) for each in asked}


def fits_for(scope: Scope, *, beat: Beat = lambda: None) -> list[ReliabilityFit]:
    """A fit of each campaign that has a judgment in scope, new or still good."""
    judged = Exists(scope.judgments().filter(campaign=OuterRef("pk")))
    fits = []
    for campaign in Campaign.objects.filter(judged, workspace=scope.snapshot.workspace):
        beat()
        asked = answered(campaign)
        if asked:
            fits.append(fit_for(campaign, asked, beat=beat))
    return fits


def answered(campaign: Campaign) -> list[Asked]:
    """The questions of a campaign that have an answer, and their answers that have a value."""
    given = (each.given() for each in questions_of(campaign))
    return [each for each in given if len(each.value_R)]


def disputes_of(campaign: Campaign, asked: Sequence[Asked], fit: ReliabilityFit) -> list[Found]:
    """The tasks on which people said different things, each with its least sure question."""
    least: dict[int, Found] = {}
    for each in asked:
        for found in _disputed(each, fit.questions[str(each.criterion)]):
            known = least.get(found.task)
            if known is None or found.probability < known.probability:
                least[found.task] = found
    decided = Judgment.objects.verdicts().filter(campaign=campaign)
    for task in decided.values_list("task_id", flat=True):
        least.pop(task, None)
    return [least[task] for task in sorted(least)]


def unsettled() -> list[int]:
    """Keys of the campaigns that have a judgment which their consensus may not have seen."""
    statement = """
        SELECT c.id FROM campaigns_campaign c
        LEFT JOIN quality_consensus q ON q.campaign_id = c.id
        JOIN LATERAL (
            SELECT created_at FROM judgments_judgment j
            WHERE j.campaign_id = c.id ORDER BY j.id DESC LIMIT 1
        ) newest ON q.settled_at IS NULL
            OR newest.created_at > q.settled_at - make_interval(secs => %s)
        ORDER BY q.settled_at NULLS FIRST
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [settings.EVALHUB_UNDO_SECONDS + _MARGIN])
        return [key for (key,) in cursor.fetchall()]


def _disputed(asked: Asked, fit: dict[str, Any]) -> Iterator[Found]:
    consensus = consensus_of(asked, fit)
    count_U = np.bincount(asked.unit_R, minlength=len(consensus.answer_U))
    task_U = np.zeros(len(count_U), dtype=np.int64)
    task_U[asked.unit_R] = asked.task_R
    is_told_U = consensus.is_disputed_U & ~np.isnan(consensus.probability_U)
    sure_U = np.round(consensus.probability_U, _UNITS)
    rows = zip(
        task_U[is_told_U].tolist(),
        count_U[is_told_U].tolist(),
        sure_U[is_told_U].tolist(),
        strict=True,
    )
    for task, answers, sure in rows:
        yield Found(task, asked.criterion, answers, sure)


def units_of(asked: Sequence[Asked]) -> int:
    """How many things were judged by two people or more, each question for itself."""
    return sum(int((np.bincount(each.unit_R) > 1).sum()) for each in asked)


def _store(campaign: Campaign, found: Sequence[Found]) -> None:
    """Write what has changed; a task whose dispute is as it was costs no write."""
    tasks, criteria, answers, sure = (
        map(list, zip(*found, strict=True)) if found else ([], [], [], [])
    )
    values: dict[str, Any] = {  # lists of numbers
        "campaign": campaign.pk,
        "tasks": tasks,
        "criteria": criteria,
        "answers": answers,
        "sure": sure,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, values)
        cursor.execute(_STORE, values)
