"""Keeping a campaign's consensus up to date: its fit, its units and its disputes. Shapes: R answers, U units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.disputing import Found, Made, disputes_in
from evalhub.quality.fits import consensus_of, fit_of, knows, model_of
from evalhub.quality.models import Consensus, ReliabilityFit
from evalhub.quality.questions import Asked, questions_of
from evalhub.quality.scope import Scope
from evalhub.quality.units import Units, store_units, units_of

Beat = Callable[[], object]

GROWN = 1.01  # so many times the answers of a fit, and it is time for another
_MARGIN = 60  # seconds, for what a transaction under way may still bring

_FORGET = """
    DELETE FROM quality_dispute d WHERE campaign_id = %(campaign)s
        AND NOT EXISTS (SELECT FROM unnest(%(tasks)s::bigint[]) AS task WHERE task = d.task_id)
"""
_STORE = """
    INSERT INTO quality_dispute AS d
        (task_id, campaign_id, criterion_id, is_passages, answers, probability, matters)
    SELECT task, %(campaign)s, nullif(criterion, 0), is_passages, answers, probability, matters
    FROM unnest(%(tasks)s::bigint[], %(criteria)s::bigint[], %(passages)s::bool[],
                %(answers)s::int[], %(sure)s::float[], %(matters)s::float[])
        AS found (task, criterion, is_passages, answers, probability, matters)
    ON CONFLICT (task_id) DO UPDATE SET criterion_id = excluded.criterion_id,
        is_passages = excluded.is_passages, answers = excluded.answers,
        probability = excluded.probability, matters = excluded.matters
    WHERE (d.criterion_id, d.is_passages, d.answers, d.probability, d.matters)
        IS DISTINCT FROM (excluded.criterion_id, excluded.is_passages, excluded.answers,
                          excluded.probability, excluded.matters)
"""


def settle(campaign: Campaign, *, beat: Beat = lambda: None) -> Consensus | None:
    """Bring the campaign's consensus up to date; None while nobody has judged.

    Where nobody has answered a question there is one as well, of nothing but disputes over passages, if any:
    it says up to when that is known, so that nothing is read again until somebody judges.

    The fit is computed anew when the answers are a hundredth more than it was made of: at a million
    that takes half a minute, and one that is a little older tells nothing else about anybody. What
    it makes of each task is always computed from all answers as they are now.
    """
    now = timezone.now()
    said = list(questions_of(campaign))
    asked = given_in(said)
    if not asked and not Judgment.objects.filter(campaign=campaign).exists():
        return None
    fit = fit_for(campaign, asked, beat=beat)
    made = consensus_by(fit, said)
    found, units = disputes_in(campaign, made), made_units(made)
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # one at a time
        _store(campaign, found)
        store_units(campaign, units)
        values = {
            "fit": fit,
            "settled_at": now,
            "units": met_in(asked),
            "disputed": len(found),
        }
        row, _created = Consensus.objects.update_or_create(campaign=campaign, defaults=values)
    return row


def consensus_by(fit: ReliabilityFit, said: Sequence[Asked]) -> list[Made]:
    """What the answers to each question say together; questions that nobody could answer are left out."""
    made = []
    for each in said:
        given = each.given()
        if len(given.value_R):
            told = fit.questions[str(each.criterion)]
            made.append(Made(each, given, told, consensus_of(given, told)))
    return made


def made_units(made: Sequence[Made]) -> Units:
    return units_of([(each.said, each.given, each.consensus, each.fit) for each in made])


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
    return given_in(questions_of(campaign))


def given_in(said: Iterable[Asked]) -> list[Asked]:
    """The same of what was said: the answers that have a value."""
    return [given for each in said if len((given := each.given()).value_R)]


def unsettled() -> list[int]:
    """Keys of the campaigns that have a judgment which their consensus may not have seen, or of which
    somebody or something was left out since, or counts again.
    """
    statement = """
        SELECT c.id FROM campaigns_campaign c
        LEFT JOIN quality_consensus q ON q.campaign_id = c.id
        JOIN LATERAL (
            SELECT created_at FROM judgments_judgment j
            WHERE j.campaign_id = c.id ORDER BY j.id DESC LIMIT 1
        ) newest ON true
        CROSS JOIN LATERAL (SELECT q.settled_at - make_interval(secs => %s) AS at) seen
        WHERE seen.at IS NULL OR newest.created_at > seen.at
            OR EXISTS (SELECT FROM quality_exclusion e WHERE e.campaign_id = c.id
                       AND greatest(e.created_at, e.lifted_at) > seen.at)
            OR EXISTS (SELECT FROM quality_withdrawal w
                       LEFT JOIN quality_reinstatement r ON r.withdrawal_id = w.id
                       WHERE w.workspace_id = c.workspace_id
                       AND greatest(w.created_at, r.created_at) > seen.at)
        ORDER BY q.settled_at NULLS FIRST
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [settings.EVALHUB_UNDO_SECONDS + _MARGIN])
        return [key for (key,) in cursor.fetchall()]


def met_in(asked: Sequence[Asked]) -> int:
    """How many things were judged by two people or more, each question for itself."""
    return sum(int((np.bincount(each.unit_R) > 1).sum()) for each in asked)


def _store(campaign: Campaign, found: Sequence[Found]) -> None:
    """Write what has changed; a task whose dispute is as it was costs no write."""
    names = ("tasks", "criteria", "passages", "answers", "sure", "matters")
    columns = list(zip(*found, strict=True)) if found else [()] * len(names)
    values: dict[str, Any] = {"campaign": campaign.pk}  # lists of plain values
    values |= {name: list(column) for name, column in zip(names, columns, strict=True)}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, values)
        cursor.execute(_STORE, values)
