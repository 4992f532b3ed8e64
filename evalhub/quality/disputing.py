"""The tasks on which people said different things, each by what matters most. Shapes: S marks, T tasks, U units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from evalhub.campaigns.choices import Ask
from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import Evidence
from evalhub.judgments.models import Judgment, Span
from evalhub.quality.arrays import columns_of_judgments
from evalhub.quality.fits import Consensus, Fit
from evalhub.quality.questions import Asked, places
from evalhub.quality.weights import apart, doubt_of, matters, weight_of
from evalhub.rubrics.models import Criterion
from evalhub.stats.passages import majority_of_marks

_PLACES = 4  # decimals of a probability and of what matters

_MARKS = f"""
    SELECT j.task_id, coalesce(s.completion_id, 0), j.member_id, s.start::bigint, s."end"::bigint
    FROM judgments_span s JOIN judgments_judgment j ON j.id = s.judgment_id
    WHERE s.evidence <> '{Evidence.SUPPORTED}' AND j.id IN ({{judgments}})
"""  # noqa: S608  ours
_READERS = "SELECT j.task_id, j.member_id FROM judgments_judgment j WHERE j.id IN ({judgments})"


class Found(NamedTuple):
    """One dispute: keys (criterion 0: overall, or passages), how many answered, how sure the consensus is
    (None: of a number), and how much it matters.
    """

    task: int
    criterion: int
    is_passages: bool
    answers: int
    probability: float | None
    matters: float


@dataclass(frozen=True)
class Made:
    """A question, its answers that have a value, and what they say together."""

    said: Asked
    given: Asked
    fit: Fit
    consensus: Consensus


def disputes_in(campaign: Campaign, made: Sequence[Made]) -> list[Found]:
    """In order of the tasks' keys; what a verdict has decided is none."""
    criteria = Criterion.objects.in_bulk([each.given.criterion for each in made])
    found = [*disputed_passages(campaign)]
    for each in made:
        found += _disputed(each, criteria.get(each.given.criterion))
    most: dict[int, Found] = {}
    for one in sorted(found, key=lambda one: (-one.matters, one.criterion, one.is_passages)):
        most.setdefault(one.task, one)
    decided = Judgment.objects.verdicts().filter(campaign=campaign)
    for task in decided.values_list("task_id", flat=True):
        most.pop(task, None)
    return [most[task] for task in sorted(most)]


def _disputed(made: Made, criterion: Criterion | None) -> Iterator[Found]:
    given, consensus = made.given, made.consensus
    count_U = np.bincount(given.unit_R, minlength=len(consensus.answer_U))
    task_U = np.zeros(len(count_U), dtype=np.int64)
    task_U[given.unit_R] = given.task_R
    matters_U = matters(
        doubt_of(consensus, made.fit), apart(given, criterion), weight_of(criterion)
    )
    is_told_U = consensus.is_disputed_U & ~np.isnan(matters_U)
    rows = zip(
        task_U[is_told_U].tolist(),
        count_U[is_told_U].tolist(),
        np.round(consensus.probability_U, _PLACES)[is_told_U].tolist(),
        np.round(matters_U, _PLACES)[is_told_U].tolist(),
        strict=True,
    )
    for task, answers, sure, weight in rows:
        known = None if np.isnan(sure) else sure
        yield Found(task, given.criterion, False, answers, known, weight)  # noqa: FBT003


def disputed_passages(campaign: Campaign) -> Iterator[Found]:
    """Tasks of which people marked different passages of an answer, by how large a majority decides."""
    marks = Span.objects.filter(judgment__campaign=campaign)
    if Ask.SPANS not in campaign.asks and not marks.exists():
        return
    task_S, completion_S, person_S, start_S, end_S = columns_of_judgments(_MARKS, campaign, 5)
    if not len(task_S):
        return
    task_J, reader_J = columns_of_judgments(_READERS, campaign, 2)
    pairs = np.unique(np.stack([task_J, reader_J]), axis=1)
    tasks_T, readers_T = np.unique(pairs[0], return_counts=True)
    text_S = places(task_S, completion_S)
    task_U = np.zeros(int(text_S.max()) + 1, dtype=np.int64)
    task_U[text_S] = task_S
    people_U = readers_T[np.searchsorted(tasks_T, task_U)]
    majority_U = majority_of_marks(text_S, person_S, start_S, end_S, people_U=people_U)
    for at in np.flatnonzero(majority_U < 1).tolist():
        sure = round(float(majority_U[at]), _PLACES)
        weight = round(matters(1 - sure, 1.0, weight_of(None)), _PLACES)
        yield Found(int(task_U[at]), 0, True, int(people_U[at]), sure, weight)  # noqa: FBT003
