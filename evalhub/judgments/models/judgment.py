from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Assignment, Campaign, Guidelines, Task
from evalhub.common.models import Among, PublicModel
from evalhub.judgments.choices import Source
from evalhub.prompts.models import Collection
from evalhub.rubrics.models import RubricVersion


class JudgmentQuerySet(models.QuerySet["Judgment"]):
    def of_workspace(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def current(self) -> Self:
        """What nothing supersedes and nobody withdrew."""
        return self.filter(superseded_by=None, withdrawn_at=None)

    def standing(self, *, before: datetime) -> Self:
        """Neither withdrawn nor extra, and past being withdrawn: stored `before`, or never could be.

        What is superseded is still among them.
        """
        return self.filter(withdrawn_at=None, is_extra=False).exclude(withdrawable(before))

    def counted(self) -> Self:
        """What agreement and figures are made of: current, standing, each once; no model's word."""
        return self.current().standing(before=undo_ended()).exclude(source=Source.MODEL)

    def said_by_models(self) -> Self:
        """The same of what judge models said, which stands in no figure unless it is asked for."""
        return self.current().standing(before=undo_ended()).filter(source=Source.MODEL)

    def own_words(self) -> Self:
        """What each said last themselves, a reviewer's fix or not: for how steady somebody is.

        A verdict is no word among the others: it judges them. Nor is what a model said.
        """
        rows = self.standing(before=undo_ended()).exclude(source=Source.MODEL)
        rows = rows.filter(is_fix=False, is_verdict=False)
        return rows.filter(Q(superseded_by=None) | Q(superseded_by__is_fix=True))

    def verdicts(self) -> Self:
        """What decides a task that people disagreed about, as it stands."""
        return self.current().filter(is_verdict=True)

    def unsettled(self, *, before: datetime) -> Self:
        """Too young to count: whoever said it may still withdraw it."""
        return self.filter(withdrawable(before), withdrawn_at=None, is_extra=False)

    def from_sources(self, *sources: Source) -> Self:
        return self.filter(source__in=sources)


def undo_ended() -> datetime:
    """Stored before this moment: too late to withdraw."""
    return timezone.now() - timedelta(seconds=settings.EVALHUB_UNDO_SECONDS)


def withdrawable(before: datetime) -> Q:
    """A person's own first word on a task they held, stored after `before`."""
    return Q(
        source=Source.HUMAN,
        supersedes=None,
        assignment__isnull=False,
        created_at__gt=before,
    )


class Judgment(PublicModel):
    """What a member submitted. Never edited, never deleted: a change of mind supersedes.

    So does a reviewer's fix, which is theirs: `own_words` are what people said themselves.
    In its first seconds it can be withdrawn, before anything counts it; the row stays.
    """

    # db_index=False here and below: another index or constraint begins with the column, and each
    # index that is not there makes a submit cheaper
    # Both are copies of what the task has, whose constraint holds them: each judgment at once would
    # lock the two rows that all share
    workspace = models.ForeignKey(Workspace, models.PROTECT, db_index=False, db_constraint=False)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="judgments", db_index=False, db_constraint=False
    )
    task = models.ForeignKey(Task, models.PROTECT, related_name="judgments")
    member = models.ForeignKey(Member, models.PROTECT, related_name="judgments", db_index=False)
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, blank=True, related_name="judgments"
    )  # none when imported
    source = models.CharField(max_length=10, choices=Source.choices)
    submission_id = models.UUIDField(null=True, blank=True)
    body_digest = models.CharField(max_length=64, blank=True)  # tells a retry from a mismatch
    guidelines = models.ForeignKey(
        Guidelines, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )  # the newest that the member had accepted
    rubric_version = models.ForeignKey(
        RubricVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )  # the wording that was shown, where two were tried; else the campaign's
    active_ms = models.PositiveIntegerField(null=True, blank=True)  # visible and not idle
    wall_ms = models.BigIntegerField(null=True, blank=True)  # from claim to submit
    critique = models.TextField(blank=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    is_extra = models.BooleanField(default=False, db_default=False)
    # came when its place was gone: apart from k, and from all that counts
    is_fix = models.BooleanField(default=False, db_default=False)
    # a reviewer's, in the place of what its assignment's member said
    is_verdict = models.BooleanField(default=False, db_default=False)
    # decides its task: one that stands, beside the k that people gave
    saw_proposal = models.BooleanField(default=False, db_default=False)
    # whoever said it was shown what rules propose, and confirmed it: no word of its own for agreement
    collection = models.ForeignKey(
        Collection, models.PROTECT, null=True, blank=True, db_index=False
    )
    external_id = models.CharField(max_length=200, blank=True)  # of an imported file
    judged_at = models.DateTimeField()  # when the person judged; created_at is when we stored it

    objects = JudgmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(supersedes=None, assignment__isnull=False, withdrawn_at=None),
                name="one_first_judgment_per_assignment",
            ),
            models.UniqueConstraint(
                fields=["member", "submission_id"], name="submission_counts_once"
            ),
            models.UniqueConstraint(
                fields=["collection", "external_id"],
                condition=~Q(external_id=""),
                name="imported_judgment_once_per_collection",
            ),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(is_verdict=True, supersedes=None),
                name="one_first_verdict_per_task",
            ),
            models.CheckConstraint(
                condition=Q(is_verdict=False) | Q(assignment=None), name="a_verdict_fills_no_place"
            ),
            models.CheckConstraint(
                condition=Among("source", Source.values), name="judgment_source_known"
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "id"], name="judgment_by_campaign"),
            models.Index(fields=["workspace", "id"], name="judgment_by_workspace"),
            # Of the few that are unlike the rest; a submit pays for none of them
            models.Index(
                fields=["workspace", "id"], name="judgment_extra", condition=Q(is_extra=True)
            ),
            models.Index(fields=["workspace", "id"], name="judgment_fix", condition=Q(is_fix=True)),
            models.Index(
                fields=["collection"],
                name="judgment_imported",
                condition=Q(collection__isnull=False),
            ),
            models.Index(
                fields=["guidelines"],
                name="judgment_by_guidelines",
                condition=Q(guidelines__isnull=False),
            ),
            models.Index(
                fields=["campaign", "rubric_version"],
                name="judgment_by_wording",
                condition=Q(rubric_version__isnull=False),
            ),
            models.Index(
                fields=["workspace", "id"],
                name="judgment_withdrawn",
                condition=Q(withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Judgment {self.uid}"

    @property
    def is_settled(self) -> bool:
        """Whether it is past being withdrawn, and was not."""
        is_first = self.supersedes_id is None and self.assignment_id is not None
        may_change = self.source == Source.HUMAN and is_first and not self.is_extra
        return self.withdrawn_at is None and not (may_change and self.created_at > undo_ended())
