from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import combinations, islice
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

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
from evalhub.quality.weighing import Fits, Weighing, fits_of
from evalhub.rubrics.carried import CarriedOver, carried_from_trial, carried_on, carried_over
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
    prefers_verdicts: bool = (
        True  # over what else was said about their tasks; False: leaves them out
    )
    is_weighed: bool = False  # by the snapshot's fits

    def reachable(self) -> QuerySet[Judgment]:
        """Judgments of the campaigns and collections that count, whatever their source."""
        rows = self._of_campaigns(self._counted())
        if self.prefers_verdicts:  # one hash of the decided tasks, not a look for each row
            return rows.filter(Q(is_verdict=True) | ~Q(task__in=self._decided()))
        return rows.filter(is_verdict=False)

    def superseded(self) -> QuerySet[Judgment]:
        """Those of the same campaigns and collections that a later one has taken the place of."""
        last = self.snapshot.last_judgment
        return self._of_campaigns(self._stored().filter(superseded_by__pk__lte=last))

    def extra(self) -> QuerySet[Judgment]:
        """Those that came when their place was gone: kept, and counted by nobody."""
        return self._of_campaigns(self._stored().filter(is_extra=True, superseded_by=None))

    def unsettled(self) -> QuerySet[Judgment]:
        """Those that could still be withdrawn when the snapshot was taken."""
        return self._of_campaigns(self._stored().unsettled(before=self.snapshot.settled_before))

    def set_aside(self) -> QuerySet[Judgment]:
        """Those whose task a verdict has decided; or, where verdicts are left out, the verdicts."""
        rows = self._of_campaigns(self._counted())
        if self.prefers_verdicts:
            return rows.filter(is_verdict=False, task__in=self._decided())
        return rows.filter(is_verdict=True)

    def _counted(self) -> QuerySet[Judgment]:
        snapshot = self.snapshot
        return counted_up_to(
            snapshot.workspace, snapshot.last_judgment, before=snapshot.settled_before
        )

    def _stored(self) -> JudgmentQuerySet:
        snapshot = self.snapshot
        rows = Judgment.objects.filter(workspace=snapshot.workspace)
        return rows.filter(pk__lte=snapshot.last_judgment)

    def _of_campaigns(self, rows: QuerySet[Judgment]) -> QuerySet[Judgment]:
        """Without repeats, which would count somebody's word twice, and without exams."""
        rows = rows.exclude(task__kind__in=[TaskKind.REPEAT, TaskKind.QUALIFICATION])
        if not self.campaigns:  # a pilot counts only where somebody names it
            rows = rows.filter(campaign__pilot_of=None)
        if self.campaigns:
            rows = rows.filter(campaign__uid__in=self.campaigns)
        if self.collections:
            rows = rows.filter(task__prompt__collection__slug__in=self.collections)
        return rows

    def _decided(self) -> QuerySet[Judgment, int]:
        """Keys of the tasks that have a verdict."""
        first = self._stored().filter(is_verdict=True, supersedes=None)
        return first.order_by().values_list("task_id", flat=True)

    @cached_property
    def fits(self) -> Fits:
        return fits_of(self.snapshot) if self.is_weighed else {}

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
        at = self.snapshot.created_at
        return self._carried_from_trials(keys, carried_over(keys, at=at))

    def _carried_from_trials(self, keys: set[int], onwards: CarriedOver) -> CarriedOver:
        """`onwards`, and where answers count that were given under the second of two wordings."""
        tried = self.judgments().exclude(rubric_version=None).exclude(rubric_version__in=keys)
        pairs = tried.values_list("campaign__rubric_version", "rubric_version").distinct()
        found = dict(onwards)
        for shown, version in pairs.order_by("campaign__rubric_version", "rubric_version"):
            ends = carried_from_trial([version], shown, at=self.snapshot.created_at)
            for criterion, end in ends.items():
                found[criterion] = carried_on(end, onwards)
        return found


def counted_up_to(workspace: Workspace, last: int, *, before: datetime) -> QuerySet[Judgment]:
    """What counted when `last` was the highest key and `before` the end of the undo.

    As `JudgmentQuerySet.counted`, but of that moment: nothing up to there supersedes them.
    """
    superseding = Judgment.objects.filter(supersedes=OuterRef("pk"), pk__lte=last)
    # As an anti-join: an outer join with an OR is taken for ten rows, and looped over for minutes
    rows = Judgment.objects.filter(~Exists(superseding), workspace=workspace, pk__lte=last)
    return rows.standing(before=before)


def named_by(rows: QuerySet[Judgment]) -> tuple[int, str]:
    """How many rows there are, and sha256 over their uids in order: what a snapshot is known by."""
    digest, count = hashlib.sha256(), 0
    uids = rows.order_by("uid").values_list("uid", flat=True)
    with transaction.atomic():  # a server-side cursor lives in a transaction
        for uid in uids.iterator(chunk_size=5000):
            digest.update(uid.bytes)
            count += 1
    return count, digest.hexdigest()


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
