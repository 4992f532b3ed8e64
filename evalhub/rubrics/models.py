from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from evalhub.accounts.models import Workspace, slug_rule
from evalhub.common.models import PublicModel


class Rubric(PublicModel):
    """The questions that annotators answer, in versions."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="rubrics")
    slug = models.CharField(max_length=50, validators=[slug_rule])
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "slug"], name="rubric_slug_once_per_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RubricVersion(PublicModel):
    """One wording of a rubric. Frozen once published; a change is a new version."""

    rubric = models.ForeignKey(Rubric, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    guidelines = models.TextField(blank=True)  # Markdown, shown beside the form
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rubric", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["rubric", "number"], name="one_row_per_rubric_version")
        ]

    def __str__(self) -> str:
        return f"{self.rubric} v{self.number}"

    @property
    def is_frozen(self) -> bool:
        return self.published_at is not None


class Criterion(PublicModel):
    """One question of a version, answered on a whole-number scale, each point with its anchor."""

    version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="criteria")
    slug = models.CharField(max_length=50, validators=[slug_rule])
    name = models.CharField(max_length=100)
    question = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField()
    low = models.SmallIntegerField(default=1)
    high = models.SmallIntegerField(default=5)
    anchors: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # {"1": text, …}
    required = models.BooleanField(default=True)
    cannot_tell = models.BooleanField(default=True)  # whether "cannot tell" is an answer

    class Meta:
        ordering = ["version", "position"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(fields=["version", "slug"], name="criterion_once_per_version"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="criterion_low_below_high"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def points(self) -> range:
        return range(self.low, self.high + 1)
