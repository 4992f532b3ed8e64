"""Which judgments a build is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce
from operator import or_
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from evalhub.accounts.models import Workspace
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, JudgmentQuerySet
from evalhub.quality.figures import Fits
from evalhub.quality.models import ConsensusSnapshot, excluded, withdrawn
from evalhub.quality.weighing import fits_of
from evalhub.rubrics.carried import CarriedOver, carried_from_trial, carried_on, carried_over


@dataclass(frozen=True)
class Filters:
    """Of those judgments, the ones on some prompts, of some time, under some wordings, by some people."""

    slices: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of one key any value counts
    since: datetime | None = None
    before: datetime | None = None
    rubric_versions: tuple[UUID, ...] = ()
    groups: tuple[str, ...] = ()
    unreliable: tuple[tuple[int, tuple[int, ...]], ...] = ()  # campaign and members, by key
    prompts: tuple[str, ...] = ()  # uids; empty: any

    def of(self, rows: QuerySet[Judgment]) -> QuerySet[Judgment]:
        for key, values in self.slices:
            any_of = (Q(task__prompt__slices__contains={key: value}) for value in values)
            rows = rows.filter(reduce(or_, any_of))
        if self.prompts:
            rows = rows.filter(task__prompt__uid__in=self.prompts)
        if self.since:
            rows = rows.filter(judged_at__gte=self.since)
        if self.before:
            rows = rows.filter(judged_at__lt=self.before)
        if self.rubric_versions:
            shown = Q(rubric_version=None, campaign__rubric_version__uid__in=self.rubric_versions)
            rows = rows.filter(shown | Q(rubric_version__uid__in=self.rubric_versions))
        if self.groups:
            rows = rows.filter(member__groups__overlap=list(self.groups))
        for campaign, members in self.unreliable:
            rows = rows.exclude(campaign=campaign, member__in=members)
        return rows


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
    filters: Filters = Filters()
    distrusted: frozenset[tuple[int, int, bool]] = frozenset()
    # questions whose answers do not count, see `agreeing.Question`

    def reachable(self) -> QuerySet[Judgment]:
        """Judgments of the campaigns and collections that count, whatever their source."""
        rows = self._of_campaigns(self._counted()).filter(~excluded(at=self.snapshot.created_at))
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

    def excluded(self) -> QuerySet[Judgment]:
        """Those of people who were excluded from their campaign when the snapshot was taken."""
        rows = self._of_campaigns(self._counted())
        return rows.filter(excluded(at=self.snapshot.created_at))

    def withdrawn(self) -> QuerySet[Judgment]:
        """Those that had been withdrawn from data when the snapshot was taken."""
        rows = self._stored().filter(withdrawn(at=self.snapshot.created_at))
        return self._of_campaigns(rows.standing(before=self.snapshot.settled_before))

    def set_aside(self) -> QuerySet[Judgment]:
        """Those whose task a verdict has decided; or, where verdicts are left out, the verdicts."""
        rows = self._of_campaigns(self._counted())
        if self.prefers_verdicts:
            return rows.filter(is_verdict=False, task__in=self._decided())
        return rows.filter(is_verdict=True)

    def _counted(self) -> QuerySet[Judgment]:
        snapshot = self.snapshot
        return counted_up_to(
            snapshot.workspace,
            snapshot.last_judgment,
            before=snapshot.settled_before,
            at=snapshot.created_at,
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
        return self.filters.of(rows)

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


def counted_up_to(
    workspace: Workspace, last: int, *, before: datetime, at: datetime
) -> QuerySet[Judgment]:
    """What counted when `last` was the highest key and `before` the end of the undo.

    As `JudgmentQuerySet.counted`, but of that moment: nothing up to there supersedes them, and
    nobody had withdrawn them from data by `at`.
    """
    superseding = Judgment.objects.filter(supersedes=OuterRef("pk"), pk__lte=last)
    # As an anti-join: an outer join with an OR is taken for ten rows, and looped over for minutes
    rows = Judgment.objects.filter(~Exists(superseding), workspace=workspace, pk__lte=last)
    return rows.standing(before=before).filter(~withdrawn(at=at))


def named_by(rows: QuerySet[Judgment]) -> tuple[int, str]:
    """How many rows there are, and sha256 over their uids in order: what a snapshot is known by."""
    chosen, values = rows.order_by().values("uid").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_NAMED.format(rows=chosen), values)
        count, digest = cursor.fetchone()
    return count, digest


_NAMED = """
    SELECT count(*),
           encode(sha256(coalesce(string_agg(uuid_send(uid), ''::bytea ORDER BY uid), '')), 'hex')
    FROM ({rows}) AS named
"""
