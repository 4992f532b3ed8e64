from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace, slug_rule
from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel, one_of
from evalhub.datasets.models import DatasetBuild
from evalhub.loops.choices import RoundState, StepKind, StepState
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.models import Run


class Loop(PublicModel):
    """The policy that keeps the circle turning; `policy` is checked by loops.policy."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="loops")
    slug = models.CharField(max_length=50, validators=[slug_rule])
    name = models.CharField(max_length=100)
    base_model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="+")
    incumbent = models.ForeignKey(
        LanguageModel, models.PROTECT, null=True, blank=True, related_name="+"
    )
    collection = models.ForeignKey(Collection, models.PROTECT, related_name="loops")
    rubric_version = models.ForeignKey(RubricVersion, models.PROTECT)
    policy: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    kept_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    # who wrote the policy last, and so answers for what the Loop does by itself
    paused_at = models.DateTimeField(null=True, blank=True)  # it starts no Round meanwhile
    paused_why = models.TextField(blank=True)
    excused: models.JSONField[dict[str, list[str]]] = models.JSONField(default=dict, blank=True)
    # {uid of a campaign: measures that somebody let pass there, so that it does not pause again}

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "slug"], name="loop_slug_once_per_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def may_serve(self, model: LanguageModel) -> bool:
        """Whether it was trained from the Loop's base, and stands beside what the Loop's Rounds measure."""
        base = self.base_model
        return model.comes_from(base) and model.baseline in (base, base.baseline or base)


class Round(PublicModel):
    """One turn of the circle. running -> succeeded | failed | cancelled;  failed -> running.

    Where it has a `candidate` it learns nothing: it measures that model, which was made elsewhere, on the
    set of an earlier Round, and decides on it.
    """

    loop = models.ForeignKey(Loop, models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=RoundState.choices, default=RoundState.RUNNING.value
    )
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    because = models.CharField(max_length=300, blank=True)  # it started by itself; empty: by hand
    policy: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # of what is to do
    candidate = models.ForeignKey(
        LanguageModel, models.PROTECT, null=True, blank=True, related_name="+"
    )
    campaign = models.OneToOneField(
        Campaign, models.PROTECT, null=True, blank=True, related_name="opened_by"
    )  # the one it opened
    builds = models.ManyToManyField(DatasetBuild, related_name="rounds")
    runs = models.ManyToManyField(Run, related_name="rounds")
    # what its Steps made and used; `made.keep_made` ties them
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["loop", "number"], name="round_number_once_per_loop"),
            models.UniqueConstraint(
                fields=["loop"],
                condition=Q(state=RoundState.RUNNING),
                name="one_running_round_per_loop",
            ),
            one_of("round_state_known", "state", RoundState),
        ]

    def __str__(self) -> str:
        return f"{self.loop} round {self.number}"


class Step(PublicModel):
    """An ordered part of a Round. What it made stands in `result`, by uid."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=StepKind.choices)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=10, choices=StepState.choices, default=StepState.WAITING.value
    )
    awaits: models.JSONField[list[str]] = models.JSONField(default=list)  # uids of Jobs
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    policy: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # as it was done by
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["round", "position"]
        constraints = [
            models.UniqueConstraint(fields=["round", "position"], name="one_step_per_position"),
            models.UniqueConstraint(fields=["round", "kind"], name="each_kind_of_step_once"),
            one_of("step_state_known", "state", StepState),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"
