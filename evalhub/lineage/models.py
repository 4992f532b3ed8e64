from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Evaluation
from evalhub.jobs.models import Job
from evalhub.prompts.models import PromptGroup
from evalhub.registry.models import LanguageModel


class SplitMerge(PublicModel):
    """Two prompt groups of different splits turned out to be one, and what had used either by then."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="split_merges")
    later = models.OneToOneField(PromptGroup, models.PROTECT, related_name="split_merge")
    builds = models.ManyToManyField(DatasetBuild, related_name="split_merges")
    trained = models.ManyToManyField(LanguageModel, related_name="split_merges")
    evaluations = models.ManyToManyField(Evaluation, related_name="split_merges")
    reaches_test = models.BooleanField(default=False)  # one of the two held test prompts

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Merge of {self.later_id}"


class Erasure(PublicModel):
    """A person's wish to be forgotten, and what was done about it; never their words.

    asked -> files cleared (while their words could still be looked for) -> finished
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="erasures")
    member = models.OneToOneField(Member, models.PROTECT, related_name="erasure")
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    files_cleared_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    done: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    # {"overwritten": {place: rows}, "builds": [uid], "models": [uid], "runs": [{"run", "folder"}], …}

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(files_cleared_at__isnull=False),
                name="erased_files_first",
            )
        ]

    def __str__(self) -> str:
        return f"Erasure of {self.member_id}"


class ContaminationCheck(PublicModel):
    """Whether texts of a build stand in another set of texts; `result` is empty until its job ended."""

    build = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="contamination_checks")
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    against: models.JSONField[dict[str, str]] = models.JSONField()
    # {"kind": "file" | "collection" | "build" | "benchmark", "name": …, "key": of a file in EVALHUB_FILES}
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.build_id} against {self.against['name']}"
