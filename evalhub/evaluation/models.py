from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.enums import TextChoices

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run


class Evaluation(PublicModel):
    """A model's metrics on one frozen set; empty until its Run has ended and was summed up.

    metrics: {name: {"value", "low", "high", "n"}}, 95 % intervals by PromptGroup.
    `set_digest` names the rows; only evaluations with the same one are compared.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="evaluations")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="evaluations")
    builds = models.ManyToManyField(DatasetBuild, related_name="evaluations")
    set_digest = models.CharField(max_length=64)
    run = models.OneToOneField(Run, models.PROTECT, related_name="evaluation")
    metrics: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    stale_since = models.DateTimeField(null=True, blank=True)
    stale_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["model", "set_digest"], name="evaluation_by_set")]

    def __str__(self) -> str:
        return f"{self.model} on {self.set_digest[:8]}"

    @property
    def is_measured(self) -> bool:
        return bool(self.metrics)


class Comparison(PublicModel):
    """A candidate beside what it must beat, on the same frozen set, paired by row.

    metrics: {name: {"baseline","candidate","difference","low","high","n","smallest"}};
    `smallest` is the smallest difference that this set can show (80 % power, 5 % level).
    examples: answers side by side, the most changed first.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="comparisons")
    baseline = models.ForeignKey(Evaluation, models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Evaluation, models.PROTECT, related_name="comparisons")
    metrics: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    examples: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["baseline", "candidate"], name="compared_once")
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id} against {self.baseline_id}"


class Decision(TextChoices):
    PROMOTE = "promote"
    REFUSE = "refuse"


class Promotion(PublicModel):
    """Whether a model replaces the incumbent, why, and on what evidence."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="promotions")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="promotions")
    replaces = models.ForeignKey(
        LanguageModel, models.PROTECT, null=True, blank=True, related_name="+"
    )
    comparisons = models.ManyToManyField(Comparison, related_name="promotions")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.TextField()
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    warnings: models.JSONField[list[str]] = models.JSONField(default=list, blank=True)
    decided_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [one_of("promotion_decision_known", "decision", Decision)]

    def __str__(self) -> str:
        return f"{self.decision} {self.model_id}"
