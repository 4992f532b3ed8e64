from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import combinations, islice
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from evalhub.accounts.models import Workspace
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import Source
from evalhub.judgments.models import (
    Correction,
    Demonstration,
    Judgment,
    JudgmentQuerySet,
    Preference,
    RankedCompletion,
    Rating,
)
from evalhub.quality.answers import answers_in
from evalhub.quality.consensus import OVERALL, Marks, Votes
from evalhub.quality.models import ConsensusSnapshot
from evalhub.rubrics.carried import CarriedOver, carried_over
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


@dataclass(frozen=True)
class Scope:
    """Which judgments count: up to a snapshot, from some sources, campaigns and collections."""

    snapshot: ConsensusSnapshot
    sources: tuple[Source, ...]
    campaigns: tuple[UUID, ...] = ()  # empty: all
    collections: tuple[str, ...] = ()  # slugs; empty: all

    def reachable(self) -> QuerySet[Judgment]:
        """Judgments of the campaigns and collections that count, whatever their source."""
        snapshot = self.snapshot
        return self._within(
            counted_up_to(
                snapshot.workspace, snapshot.last_judgment, before=snapshot.settled_before
            )
        )

    def superseded(self) -> QuerySet[Judgment]:
        """Those of the same campaigns and collections that a later one has taken the place of."""
        last = self.snapshot.last_judgment
        return self._within(self._stored().filter(superseded_by__pk__lte=last))

    def extra(self) -> QuerySet[Judgment]:
        """Those that came when their place was gone: kept, and counted by nobody."""
        return self._within(self._stored().filter(is_extra=True, superseded_by=None))

    def unsettled(self) -> QuerySet[Judgment]:
        """Those that could still be withdrawn when the snapshot was taken."""
        return self._within(self._stored().unsettled(before=self.snapshot.settled_before))

    def _stored(self) -> JudgmentQuerySet:
        snapshot = self.snapshot
        rows = Judgment.objects.filter(workspace=snapshot.workspace)
        return rows.filter(pk__lte=snapshot.last_judgment)

    def _within(self, rows: QuerySet[Judgment]) -> QuerySet[Judgment]:
        """Without repeats, which would count somebody's word twice, and without exams."""
        rows = rows.exclude(task__kind__in=[TaskKind.REPEAT, TaskKind.QUALIFICATION])
        if not self.campaigns:  # a pilot counts only where somebody names it
            rows = rows.filter(campaign__pilot_of=None)
        if self.campaigns:
            rows = rows.filter(campaign__uid__in=self.campaigns)
        if self.collections:
            rows = rows.filter(task__prompt__collection__slug__in=self.collections)
        return rows

    def judgments(self) -> QuerySet[Judgment]:
        return self.reachable().filter(source__in=self.sources)

    @cached_property
    def carried(self) -> CarriedOver:
        """Under which criteria answers count whose rubric has a newer version in scope.

        By the rules that stood when the snapshot was taken, so that a build can be made again.
        """
        judged = Exists(self.judgments().filter(campaign=OuterRef("pk")))
        campaigns = Campaign.objects.filter(judged, workspace=self.snapshot.workspace)
        versions = campaigns.exclude(rubric_version=None).order_by("pk")
        keys = set(versions.values_list("rubric_version", flat=True))
        return carried_over(keys, at=self.snapshot.created_at)


def counted_up_to(workspace: Workspace, last: int, *, before: datetime) -> QuerySet[Judgment]:
    """What counted when `last` was the highest key and `before` the end of the undo.

    As `JudgmentQuerySet.counted`, but of that moment: nothing up to there supersedes them.
    """
    superseding = Judgment.objects.filter(supersedes=OuterRef("pk"), pk__lte=last)
    # As an anti-join: an outer join with an OR is taken for ten rows, and looped over for minutes
    rows = Judgment.objects.filter(~Exists(superseding), workspace=workspace, pk__lte=last)
    return rows.standing(before=before)


def judged_prompts(scope: Scope, *, batch: int = 500) -> Iterator[list[int]]:
    """Keys of the prompts that have a judgment in scope, by key; streamed from the server."""
    keys = (
        scope.judgments()
        .order_by("task__prompt_id")
        .values_list("task__prompt_id", flat=True)
        .distinct()
        .iterator(chunk_size=batch)
    )
    while found := list(islice(keys, batch)):
        yield found


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
        .order_by("judgment_id", "completion_id")
        .values_list("judgment_id", "completion_id", "content")
    ):
        uid, prompt, at = judgments[judgment]
        found[prompt].corrections.append(Corrected(uid, completion, content, at))
    for judgment, content in (
        Demonstration.objects.filter(judgment__in=keys)
        .order_by("judgment_id")
        .values_list("judgment_id", "content")
    ):
        uid, prompt, at = judgments[judgment]
        found[prompt].demonstrations.append(Written(uid, content, at))
    owners = {pk: (uid, found[prompt]) for pk, (uid, prompt, _) in judgments.items()}
    _add_preferences(owners, scope.carried)
    _add_ratings(owners, scope.carried)
    _add_rankings(owners)
    return found


BETTER_WHEN_HIGHER = (ScaleKind.SCALE, ScaleKind.YES_NO)
# a choice has no order, words have no value, and more of a number may be worse

Owners = dict[int, tuple[UUID, Evidence]]  # by the judgment's key


def _add_preferences(owners: Owners, carried: CarriedOver) -> None:
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
        evidence.votes[pair].add(uid, margin=margin * towards, both_bad=both_bad)


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


def _add_rankings(owners: Owners) -> None:
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
            evidence.rankings[pair].add(uid, margin=margin)
            if other_tier - tier <= 1:
                evidence.neighbours[pair].add(uid, margin=margin)


def _pair(first: int, second: int, criterion: str) -> tuple[Pair, int]:
    """The pair in its one order, and -1 when that turns the margin round."""
    if first < second:
        return Pair(first, second, criterion), 1
    return Pair(second, first, criterion), -1
