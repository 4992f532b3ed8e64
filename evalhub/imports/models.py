from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.enums import TextChoices

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.prompts.models import Collection

READ, PREVIEW = "imports.read", "imports.preview"  # kinds of its job


class ImportKind(TextChoices):
    PROMPTS = "prompts"
    JUDGMENTS = "judgments"


class Import(PublicModel):
    """A file that came in. Reading it is a Job; what could not be read stands in RejectedRow."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="imports")
    collection = models.ForeignKey(Collection, models.PROTECT, related_name="imports")
    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    format = models.CharField(max_length=30)  # as asked: "auto" or a reader's name
    filename = models.CharField(max_length=200)
    file_key = models.CharField(max_length=300, blank=True)  # in EVALHUB_FILES
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    masks: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, db_default=[]
    )  # kinds of personal data that are masked in every text; the file itself keeps them
    mask_words: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, db_default=[]
    )  # words and patterns of one's own besides, as common.own_words reads them
    mapping: models.JSONField[dict[str, Any]] = models.JSONField(
        default=dict, blank=True, db_default={}
    )  # of a table's columns, as formats.mapping reads it; empty: none was needed, or none is known yet
    rubric = models.SlugField(max_length=50, blank=True, db_default="", db_index=False)
    # its slug takes the place of the one that the file's judgments name
    hub: models.JSONField[dict[str, str]] = models.JSONField(
        default=dict, blank=True, db_default={}
    )  # {"id", "revision", "split"} of a hub's dataset; its files come with the job
    licence = models.CharField(max_length=200, blank=True, db_default="")  # empty: not stated
    counts: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_masked(self) -> bool:
        return bool(self.masks or self.mask_words)

    @property
    def awaits_a_yes(self) -> bool:
        """Whether the preview is done, and nobody has said to read the file."""
        return self.job.kind == PREVIEW and self.job.state == JobState.SUCCEEDED

    @property
    def awaits_a_mapping(self) -> bool:
        """Whether it is a table, and nobody has said what its columns are."""
        return self.awaits_a_yes and "table" in self.counts and not self.mapping


class RejectedRow(models.Model):
    """A row that was not taken: where it stands, which field is wrong, and the remedy."""

    source = models.ForeignKey(Import, models.PROTECT, related_name="rejected")
    line = models.PositiveIntegerField()  # of the file, from 1; in a JSON array the item's number
    field = models.CharField(max_length=100, blank=True)
    reason = models.TextField()
    excerpt = models.TextField(blank=True)

    class Meta:
        ordering = ["source", "line"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "line", "field"], name="one_reason_per_row_and_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"
