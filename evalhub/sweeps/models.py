from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import JobState
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run
from evalhub.sweeps.choices import OBJECTIVES, Objective, Sampler, SweepKind, SweepState

PRUNED = "pruned"


class Sweep(PublicModel):
    """A search over settings of training, or a learning curve. Each try is a Run.

    running -> succeeded | failed | cancelled;  any of them -> running, for more tries

    The rows here are all that is known: whoever moves it on reads them anew.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="sweeps")
    kind = models.CharField(max_length=10, choices=SweepKind.choices)
    recipe = models.CharField(max_length=10)
    build = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="sweeps")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="+")
    space: models.JSONField[dict[str, Any]] = models.JSONField()  # see sweeps.space
    options: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # of every try
    objective = models.CharField(max_length=40)
    sampler = models.CharField(max_length=10, choices=Sampler.choices)
    seed = models.PositiveIntegerField(default=0)
    most_tries = models.PositiveSmallIntegerField()
    parallel = models.PositiveSmallIntegerField()
    known_before = models.PositiveSmallIntegerField(default=0)  # tries when it last went on
    prunes = models.BooleanField(default=False)
    despite = models.TextField(blank=True)
    beside: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    # uids of what every try reads besides: {"probe": build, "earlier": build, "teacher": model}
    label = models.CharField(max_length=40, blank=True, default="")  # of workers that take its runs
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    state = models.CharField(
        max_length=10, choices=SweepState.choices, default=SweepState.RUNNING.value
    )
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    findings: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    # {"importance": {setting: share}} or {"points": […], "answer": …}, as of the last try that ended
    final = models.OneToOneField(
        Run, models.PROTECT, null=True, blank=True, related_name="final_of"
    )  # with the settings of the best try, on all rows

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("sweep_kind_known", "kind", SweepKind),
            one_of("sweep_state_known", "state", SweepState),
            one_of("sweep_sampler_known", "sampler", Sampler),
            models.CheckConstraint(
                condition=Q(state=SweepState.RUNNING, ended_at=None)
                | (~Q(state=SweepState.RUNNING) & Q(ended_at__isnull=False)),
                name="ended_sweep_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="sweep_running", condition=Q(state=SweepState.RUNNING))
        ]

    def __str__(self) -> str:
        what = "learning curve" if self.kind == SweepKind.CURVE else "sweep"
        return f"{self.recipe} {what} on {self.model}"

    @property
    def is_running(self) -> bool:
        return self.state == SweepState.RUNNING

    @property
    def is_curve(self) -> bool:
        return self.kind == SweepKind.CURVE

    @property
    def goal(self) -> Objective:
        return OBJECTIVES[self.objective]


class Try(models.Model):
    """One Run of a Sweep, and the settings by which it differs from the others.

    values: {"learning_rate": 1e-4, "model": uid, "seed": 1, …}, the names of the Sweep's space.
    """

    sweep = models.ForeignKey(Sweep, models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()  # from 1
    run = models.OneToOneField(Run, models.PROTECT, related_name="try_of")
    values: models.JSONField[dict[str, Any]] = models.JSONField()
    pruned_at = models.DateTimeField(null=True, blank=True)  # was worse than others half-way

    class Meta:
        ordering = ["sweep", "number"]
        constraints = [
            models.UniqueConstraint(fields=["sweep", "number"], name="try_number_once_per_sweep")
        ]

    def __str__(self) -> str:
        return f"try {self.number}"

    @property
    def state(self) -> str:
        """Its Job's, but a Run that was cancelled because it fell behind is pruned."""
        job = self.run.job
        return PRUNED if self.pruned_at and job.state == JobState.CANCELLED else job.state

    def figure(self, name: str) -> float | None:
        """What it came to; None until it has ended well."""
        if self.run.job.state != JobState.SUCCEEDED:
            return None
        value = self.run.metrics.get(name)
        return float(value) if value is not None else None
