from __future__ import annotations

from typing import Any

from django.db import models

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel
from evalhub.datasets.choices import BuildKind
from evalhub.jobs.models import Job
from evalhub.quality.models import ConsensusSnapshot


class Dataset(PublicModel):
    """A definition: which judgments become which rows. `definition` is checked by datasets.forms."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=15, choices=BuildKind.choices)
    definition: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="dataset_name_once_per_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DatasetBuild(PublicModel):
    """The frozen result of a definition. `digest` names the bytes of its rows; empty until built."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="builds")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="builds")
    kind = models.CharField(max_length=15, choices=BuildKind.choices)
    definition: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # as it was then
    snapshot = models.ForeignKey(ConsensusSnapshot, models.PROTECT, null=True, blank=True)
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    rows: models.JSONField[dict[str, int]] = models.JSONField(default=dict)  # per split
    files: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    # files: {"train.jsonl": {"key": in EVALHUB_FILES, "sha256": …, "bytes": …}, …}
    manifest: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    erased_at = models.DateTimeField(null=True, blank=True)
    crossed_at = models.DateTimeField(null=True, blank=True)
    # since when we know that near-duplicates stand on two sides of it
    erased_files: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    # held the words of somebody who was erased: {name: {"sha256", "bytes"}}; gone from `files`

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.dataset} {self.digest[:12]}"

    @property
    def is_built(self) -> bool:
        return bool(self.digest)
