from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.datasets.choices import BuildKind, SpellingState
from evalhub.jobs.models import Job
from evalhub.quality.models import ConsensusSnapshot

EXPORT, PUSH, DIFF = "builds.export", "builds.push", "builds.diff"  # kinds of jobs


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
    token_lengths: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    # by the uid of a base: {"model", "run", "at", "limit", "splits": {"train": {"rows", "too_long", …}}}
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


class CleanedText(models.Model):
    """What cleaning made of a text, so that the next build cleans nothing twice."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+", db_index=False)
    digest = models.BinaryField()  # of the text as it was given, see cleaning.store
    recipe = models.CharField(max_length=16)  # digest of the steps and their options
    text = models.TextField(null=True, blank=True)  # noqa: DJ001  null: nothing changed
    findings: models.JSONField[list[list[str]]] = models.JSONField(default=list)  # [step, what]

    class Meta:
        indexes = [  # not unique: two builds at a time may both clean a text, to the same end
            models.Index(fields=["workspace", "digest", "recipe"], name="cleaned_text_by_digest")
        ]

    def __str__(self) -> str:
        return f"{bytes(self.digest).hex()} {self.recipe}"


class SpellingProposal(PublicModel):
    """A word of a dataset's rows that no dictionary knows, and what may be meant.

    proposed -> accepted | rejected, and either to the other. Only accepted ones are applied, in
    the next build.
    """

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="spellings")
    language = models.CharField(max_length=2)
    word = models.CharField(max_length=30)
    meant = models.CharField(max_length=40)
    count = models.PositiveIntegerField()  # texts of the last build that have it
    state = models.CharField(max_length=10, choices=SpellingState.choices, default="proposed")
    decided_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "language", "word"], name="word_proposed_once_per_dataset"
            ),
            one_of("spelling_state_known", "state", SpellingState),
        ]

    def __str__(self) -> str:
        return f"{self.word} -> {self.meant}"


class BuildExport(PublicModel):
    """A build in somebody else's shape, as a file to download; the file goes after a week.

    `file_key` is empty until the job has written it, and again when it has expired.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="build_exports")
    build = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="exports")
    shape = models.CharField(max_length=20)  # of formats.shapes.SHAPES
    container = models.CharField(max_length=10)  # see export.asked.Container
    splits: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=10))
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    file_key = models.CharField(max_length=300, blank=True)  # in EVALHUB_FILES
    filename = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True)  # sha256 of the file
    bytes = models.BigIntegerField(default=0)
    found: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # Exported as JSON
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(file_key="") | Q(expires_at__isnull=False),
                name="an_exported_build_expires",
            )
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], name="build_export_to_expire", condition=~Q(file_key="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.build} for {self.shape} ({self.container})"

    @property
    def is_expired(self) -> bool:
        return bool(self.digest) and not self.file_key


class BuildPush(PublicModel):
    """A build copied to a hub or an object store."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="build_pushes")
    build = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="pushes")
    target = models.CharField(max_length=300)  # holds no secret: see push.targets
    shape = models.CharField(max_length=20)
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    outcome: models.JSONField[dict[str, Any]] = models.JSONField(
        default=dict
    )  # empty until it ends

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.build} to {self.target}"


class DiffReport(PublicModel):
    """What one build has that an earlier one has not. Both are frozen, so it stays true."""

    old = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="+")
    new = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="diffs")
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    body: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # a BuildDiff
    made_at = models.DateTimeField(null=True, blank=True)  # None: the job has not ended well

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.old} to {self.new}"
