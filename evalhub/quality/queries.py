from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import NamedTuple
from uuid import UUID

from evalhub.common.erased import TOMBSTONE
from evalhub.judgments.models import (
    Correction,
    Demonstration,
    Preference,
    RankedCompletion,
    Rating,
)
from evalhub.quality.answers import answers_in
from evalhub.quality.consensus import OVERALL, Marks, Votes
from evalhub.quality.scope import Scope
from evalhub.quality.weighing import Weighing
from evalhub.rubrics.carried import CarriedOver
from evalhub.rubrics.models import ScaleKind

LOWEST, HIGHEST = 1.0, 5.0  # every scale is stretched onto this one


class Pair(NamedTuple):
    """Two completions by key, the lower first, and the criterion's slug or OVERALL."""

    first: int
    second: int
    criterion: str


class Mark(NamedTuple):
    completion: int
    criterion: str


class Corrected(NamedTuple):
    judgment: UUID
    completion: int
    content: str
    at: datetime


class Written(NamedTuple):
    """An answer that a person wrote to the prompt themselves."""

    judgment: UUID
    content: str
    at: datetime


class Label(NamedTuple):
    """What somebody said about the prompt alone; `text` is what the button said."""

    judgment: UUID
    criterion: str
    text: str | None  # None: could not tell


@dataclass
class Evidence:
    """Everything that was said about the completions of one prompt."""

    votes: dict[Pair, Votes] = field(default_factory=lambda: defaultdict(Votes))
    rankings: dict[Pair, Votes] = field(default_factory=lambda: defaultdict(Votes))
    neighbours: dict[Pair, Votes] = field(default_factory=lambda: defaultdict(Votes))
    marks: dict[Mark, Marks] = field(default_factory=lambda: defaultdict(Marks))
    corrections: list[Corrected] = field(default_factory=list)
    demonstrations: list[Written] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    judgments: int = 0
    carried: Counter[str] = field(default_factory=Counter)
    # answers under an earlier version of a rubric that were kept, mapped, left


def evidence_of(scope: Scope, prompts: Sequence[int]) -> dict[int, Evidence]:
    """What was said about each of `prompts`, in the order of the judgments."""
    judgments = {
        pk: (uid, prompt, at)
        for pk, uid, prompt, at in scope.judgments()
        .filter(task__prompt_id__in=prompts)
        .order_by("pk")
        .values_list("pk", "uid", "task__prompt_id", "judged_at")
    }
    found: dict[int, Evidence] = defaultdict(Evidence)
    for _, prompt, _ in judgments.values():
        found[prompt].judgments += 1
    keys = list(judgments)
    for judgment, completion, content in (
        Correction.objects.filter(judgment__in=keys)
        .exclude(content=TOMBSTONE)
        .order_by("judgment_id", "completion_id")
        .values_list("judgment_id", "completion_id", "content")
    ):
        uid, prompt, at = judgments[judgment]
        found[prompt].corrections.append(Corrected(uid, completion, content, at))
    for judgment, content in (
        Demonstration.objects.filter(judgment__in=keys)
        .exclude(content=TOMBSTONE)
        .order_by("judgment_id")
        .values_list("judgment_id", "content")
    ):
        uid, prompt, at = judgments[judgment]
        found[prompt].demonstrations.append(Written(uid, content, at))
    owners = {pk: (uid, found[prompt]) for pk, (uid, prompt, _) in judgments.items()}
    weighing = Weighing(keys, scope.fits)
    _add_preferences(owners, scope.carried, weighing)
    _add_ratings(owners, scope.carried)
    _add_rankings(owners, weighing)
    return found


BETTER_WHEN_HIGHER = (ScaleKind.SCALE, ScaleKind.YES_NO)
# a choice has no order, words have no value, and more of a number may be worse

Owners = dict[int, tuple[UUID, Evidence]]  # by the judgment's key


def _add_preferences(owners: Owners, carried: CarriedOver, weighing: Weighing) -> None:
    """A comparison has no value that a table could map: it counts where answers are kept."""
    rows = Preference.objects.filter(judgment__in=list(owners)).order_by("judgment_id", "pk")
    for judgment, first, second, key, criterion, margin, both_bad in rows.values_list(
        "judgment_id",
        "first_id",
        "second_id",
        "criterion_id",
        "criterion__slug",
        "margin",
        "both_bad",
    ):
        uid, evidence = owners[judgment]
        if key in carried:
            end = carried[key]
            is_kept = end is not None and end.values is None
            evidence.carried["kept" if is_kept else "left"] += 1
            if not is_kept:
                continue
        pair, towards = _pair(first, second, criterion or OVERALL)
        margin *= towards
        ballot = weighing.ballot(judgment, key or 0, pair.first, margin)
        evidence.votes[pair].add(uid, margin=margin, both_bad=both_bad, ballot=ballot)


def _add_ratings(owners: Owners, carried: CarriedOver) -> None:
    rows = Rating.objects.filter(judgment__in=list(owners), turn=None)
    for judgment, completion, criterion, value in answers_in(
        rows, carried, lambda key: owners[key][1].carried
    ):
        uid, evidence = owners[judgment]
        if completion is None:
            text = None if value is None else criterion.words_for(value)
            evidence.labels.append(Label(uid, criterion.slug, text))
        elif criterion.kind in BETTER_WHEN_HIGHER:
            marks = evidence.marks[Mark(completion, criterion.slug)]
            marks.judgments.append(uid)
            marks.weight = criterion.weight  # of the newest version of the rubric in scope
            if value is None:
                marks.missing += 1
            else:
                share = (value - criterion.low) / (criterion.high - criterion.low)
                marks.values.append(LOWEST + share * (HIGHEST - LOWEST))


def _add_rankings(owners: Owners, weighing: Weighing) -> None:
    tiers: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = RankedCompletion.objects.filter(judgment__in=list(owners))
    for judgment, completion, tier in rows.order_by(
        "judgment_id", "tier", "completion_id"
    ).values_list("judgment_id", "completion_id", "tier"):
        tiers[judgment].append((tier, completion))
    for judgment, ranked in tiers.items():
        uid, evidence = owners[judgment]
        for (tier, one), (other_tier, other) in combinations(ranked, 2):
            pair, towards = _pair(one, other, OVERALL)
            margin = towards * (other_tier - tier)
            ballot = weighing.ballot(judgment, 0, pair.first, margin)
            evidence.rankings[pair].add(uid, margin=margin, ballot=ballot)
            if other_tier - tier <= 1:
                evidence.neighbours[pair].add(uid, margin=margin, ballot=ballot)


def _pair(first: int, second: int, criterion: str) -> tuple[Pair, int]:
    """The pair in its one order, and -1 when that turns the margin round."""
    if first < second:
        return Pair(first, second, criterion), 1
    return Pair(second, first, criterion), -1
