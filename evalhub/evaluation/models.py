from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.enums import TextChoices

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.datasets.models import DatasetBuild
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.models import Run


class Benchmark(PublicModel):
    """Prompts with what is right, from a file; frozen when it is added, and measured on whole.

    `digest` is of its rows as they are stored. carries: {column: rows that have it}, of
    `benchmarks.COLUMNS`.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="benchmarks")
    name = models.CharField(max_length=200)
    licence = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=200)  # in EVALHUB_FILES
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    carries: models.JSONField[dict[str, int]] = models.JSONField(default=dict)
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="benchmark_names_differ"),
            models.UniqueConstraint(fields=["workspace", "digest"], name="one_benchmark_of_rows"),
        ]

    def __str__(self) -> str:
        return self.name


class Evaluation(PublicModel):
    """A model's metrics on one frozen set; empty until its Run has ended and was summed up.

    The set is the test split of `builds`, or a `benchmark`.
    metrics: {name: {"value", "low", "high", "n"}}, 95 % intervals by PromptGroup.
    confusion: of a set with labels, see `measures.confusion_of`.
    `set_digest` names the rows; only evaluations with the same one are compared.
    `is_probe`: measured for a gate's probe alone, so it does not say how good the model is.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="evaluations")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="evaluations")
    builds = models.ManyToManyField(DatasetBuild, related_name="evaluations")
    benchmark = models.ForeignKey(
        Benchmark, models.PROTECT, null=True, blank=True, related_name="evaluations"
    )
    set_digest = models.CharField(max_length=64)
    run = models.OneToOneField(Run, models.PROTECT, related_name="evaluation")
    metrics: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    confusion: models.JSONField[dict[str, Any]] = models.JSONField(
        default=dict, db_default={}, blank=True
    )
    stale_since = models.DateTimeField(null=True, blank=True)
    stale_because = models.TextField(blank=True)
    is_probe = models.BooleanField(default=False, db_default=False)

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

    metrics: {name: {"baseline","candidate","difference","low","high","n","smallest","p"}};
    `smallest` is the smallest difference that this set can show (80 % power, 5 % level).
    by_slice: the same by the prompts' slices, see `slicing.by_slice`.
    examples: answers side by side with their values by row, see `examples.examples_of`.
    fresh: {"groups", "fresh", "sets"}: prompt groups of the set, how many of them no earlier set had, and
    of how many earlier sets.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="comparisons")
    baseline = models.ForeignKey(Evaluation, models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Evaluation, models.PROTECT, related_name="comparisons")
    metrics: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    by_slice: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    examples: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    fresh: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["baseline", "candidate"], name="compared_once")
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id} against {self.baseline_id}"

    @property
    def stale_because(self) -> list[str]:
        """Why a figure of either side is no longer to be relied on; empty where none is."""
        found = [each for each in (self.baseline, self.candidate) if each.stale_since]
        return list(dict.fromkeys(each.stale_because for each in found))


class Look(models.Model):
    """On that day a member read figures of that set: once a day, however often a page is opened."""

    workspace = models.ForeignKey(
        Workspace, models.PROTECT, related_name="looks", db_index=False
    )  # the constraint below begins with it
    set_digest = models.CharField(max_length=64)
    member = models.ForeignKey(Member, models.PROTECT, related_name="looks")
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "set_digest", "member", "day"], name="one_look_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id} at {self.set_digest[:8]} on {self.day}"


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
    gate: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    outcomes: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    # the gate as it was, and what became of each of its conditions; see judging.Outcome
    decided_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [one_of("promotion_decision_known", "decision", Decision)]

    def __str__(self) -> str:
        return f"{self.decision} {self.model_id}"


class TrialState(TextChoices):
    ANSWERING = "answering"  # both models write
    OPEN = "open"  # people vote
    DECIDED = "decided"
    FAILED = "failed"  # a model could not answer


class TrialOutcome(TextChoices):
    BETTER = "better", "the candidate is better"
    WORSE = "worse", "the candidate is worse"
    NO_DIFFERENCE = "no_difference", "no gain worth having"
    UNDECIDED = "undecided", "all votes are in, and they decide nothing"
    VETOED = "vetoed", "stopped by a veto"
    ENDED = "ended", "ended by a person"


class HumanTrial(PublicModel):
    """The candidate against the model in service, blind, on held-out prompts.

    answering -> open -> decided;  answering -> failed | decided
    `left_out` counts prompts that nobody was asked about, by why: {"alike", "candidate_empty",
    "incumbent_empty", "unanswered"}. `look` is what the votes said last, see `stats.betting.Look`.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="human_trials")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="trials")
    incumbent = models.ForeignKey(LanguageModel, models.PROTECT, related_name="+")
    comparisons = models.ManyToManyField(Comparison, related_name="+")
    collection = models.ForeignKey(Collection, models.PROTECT, related_name="+")
    rubric_version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="+")
    gate: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    outcomes: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=TrialState.choices, default=TrialState.ANSWERING.value
    )
    outcome = models.CharField(max_length=15, choices=TrialOutcome.choices, blank=True)
    candidate_run = models.OneToOneField(Run, models.PROTECT, related_name="+")
    incumbent_run = models.OneToOneField(Run, models.PROTECT, related_name="+")
    campaign = models.OneToOneField(
        Campaign, models.PROTECT, null=True, blank=True, related_name="trial"
    )
    prompts = models.PositiveIntegerField(default=0)  # that people are asked about
    left_out: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)
    look: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    promotion = models.OneToOneField(
        Promotion, models.PROTECT, null=True, blank=True, related_name="trial"
    )
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    ended_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    because = models.TextField(blank=True)  # of whoever ended it
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("trial_state_known", "state", TrialState),
            models.CheckConstraint(
                condition=Q(state=TrialState.DECIDED) & ~Q(outcome="")
                | ~Q(state=TrialState.DECIDED) & Q(outcome=""),
                name="a_decided_trial_has_its_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evaluation.model} against {self.incumbent}"

    @property
    def candidate(self) -> LanguageModel:
        return self.evaluation.model

    @property
    def is_running(self) -> bool:
        return self.state in (TrialState.ANSWERING, TrialState.OPEN)


class Bet(models.Model):
    """One prompt of a trial with all its votes: what it counted for, once and for good."""

    trial = models.ForeignKey(HumanTrial, models.PROTECT, related_name="bets", db_index=False)
    task = models.OneToOneField(Task, models.PROTECT, related_name="bet")
    place = models.PositiveIntegerField()  # in the order in which prompts were done, from 1
    votes = models.PositiveSmallIntegerField()
    value = models.FloatField()  # mean vote for the candidate, 0 to 1; a tie is one half
    better = models.FloatField()  # the e-value after it, in nats

    class Meta:
        ordering = ["trial", "place"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "place"], name="one_bet_per_place"),
            models.CheckConstraint(
                condition=Q(value__gte=0, value__lte=1), name="a_bet_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial_id}.{self.place}: {self.value:.2f}"
