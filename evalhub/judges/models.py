from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel, one_of
from evalhub.judges.choices import OnConflict
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import Rubric, RubricVersion
from evalhub.runs.models import Run


class Judge(PublicModel):
    """A language model that judges by one rubric: a Member without a role, who cannot sign in."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="judges")
    member = models.OneToOneField(Member, models.PROTECT, related_name="judge")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="judges")
    rubric = models.ForeignKey(Rubric, models.PROTECT, related_name="judges")
    created_by = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.member.pseudonym


class JudgePrompt(PublicModel):
    """One version of what a judge is told, for one version of its rubric. Frozen; a change is a new one.

    `digest` is of the instructions, the rubric version and the format of the answer.
    """

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="prompts", db_index=False)
    rubric_version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    instructions = models.TextField()
    digest = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["judge", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["judge", "number"], name="one_row_per_judge_prompt"),
            models.CheckConstraint(condition=~Q(instructions=""), name="judge_is_told_something"),
        ]

    def __str__(self) -> str:
        return f"{self.judge}, prompt {self.number}"


class Judging(PublicModel):
    """A campaign's tasks before a judge: one run that asks, and judgments in a campaign of the judge's own.

    `counts` is empty until its judgments are stored; see `judges.tallying`.
    """

    prompt = models.ForeignKey(JudgePrompt, models.PROTECT, related_name="judgings")
    source = models.ForeignKey(Campaign, models.PROTECT, related_name="judgings")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="judged_by")
    run = models.OneToOneField(Run, models.PROTECT, related_name="judging")
    on_conflict = models.CharField(max_length=10, choices=OnConflict.choices)
    tasks = models.PositiveIntegerField()  # that the run asks about
    left = models.PositiveIntegerField()  # that would not fit into its requests, or were not wanted
    counts: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True, blank=True)  # its judgments are stored
    created_by = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("judging_conflict_known", "on_conflict", OnConflict),
            models.CheckConstraint(
                condition=~Q(source=models.F("campaign")), name="a_judge_has_its_own_campaign"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prompt} on {self.source}"


class JudgeReport(PublicModel):
    """How far a judge, told by one prompt, agrees with people on tasks that both judged; see `judges.agreement`."""

    prompt = models.ForeignKey(JudgePrompt, models.PROTECT, related_name="reports")
    body: models.JSONField[dict[str, Any]] = models.JSONField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.prompt} at {self.created_at:%Y-%m-%d %H:%M}"


class JudgeAcceptance(PublicModel):
    """A lead relies on a judge as told by one prompt, as long as `bar` is met.

    stands -> revoked. bar: {"least": of alpha's lower end, "fewest": what both judged}, for each question.
    """

    prompt = models.ForeignKey(
        JudgePrompt, models.PROTECT, related_name="acceptances", db_index=False
    )
    report = models.ForeignKey(JudgeReport, models.PROTECT, related_name="+")
    bar: models.JSONField[dict[str, float]] = models.JSONField()
    accepted_by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt"], condition=Q(revoked_at=None), name="one_standing_acceptance"
            )
        ]

    def __str__(self) -> str:
        return f"{self.prompt} accepted"
