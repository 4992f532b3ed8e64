from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Completion
from evalhub.quality.choices import Cause
from evalhub.rubrics.models import Criterion


class ConsensusSnapshot(PublicModel):
    """The point up to which judgments are read; what a build uses is thereby frozen.

    Judgments are append-only, so "every judgment with a key up to `last_judgment`, that nothing up
    to there supersedes" names the same rows for ever; and what was stored by `settled_before` can
    be withdrawn no more. `digest` is over the uids of those rows.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT)
    last_judgment = models.BigIntegerField()
    settled_before = models.DateTimeField()
    judgments = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    fits: models.ManyToManyField[ReliabilityFit, models.Model] = models.ManyToManyField(
        "ReliabilityFit"
    )  # of its campaigns, where the consensus is by reliability

    def __str__(self) -> str:
        return f"{self.judgments} judgments"


class ReliabilityFit(PublicModel):
    """How far each person's answers in a campaign can be relied on, as it was once computed.

    `questions` is {key of the criterion, "0" for overall: see `quality.fits.fitted`}. With it the
    consensus of any task is a matter of its answers alone. Never changed: a newer one is another row.
    """

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="reliability_fits", db_index=False
    )
    answers = models.PositiveBigIntegerField()  # that it was computed from
    questions: models.JSONField[dict[str, Any]] = models.JSONField()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["campaign", "-id"], name="fit_newest")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.answers} answers"


class Consensus(models.Model):
    """What was last made of a campaign's answers: by which fit, and when. One row per campaign."""

    campaign = models.OneToOneField(
        Campaign, models.PROTECT, primary_key=True, related_name="consensus"
    )
    fit = models.ForeignKey(ReliabilityFit, models.PROTECT, related_name="+")
    settled_at = models.DateTimeField()
    units = models.PositiveBigIntegerField()  # that were judged by two people or more
    disputed = models.PositiveBigIntegerField()  # tasks

    def __str__(self) -> str:
        return f"{self.campaign_id} at {self.settled_at:%Y-%m-%d %H:%M}"


class UnitConsensus(models.Model):
    """What the answers to one question about one thing say together, kept by `quality.settling`.

    The thing is a completion, two of them, or a prompt's turn; `task` is one in which it was judged.
    `answer` is a value of the criterion (of a scale a score between its points); of two completions 1
    is the first, -1 the second, 0 neither. A number has an `error`, which is its standard deviation,
    and no probability.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="units", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="units", db_index=False)
    criterion = models.ForeignKey(
        Criterion, models.PROTECT, null=True, related_name="+", db_index=False
    )  # None: overall
    first = models.ForeignKey(
        Completion, models.PROTECT, null=True, related_name="+", db_index=False
    )  # None: the prompt alone
    second = models.ForeignKey(
        Completion, models.PROTECT, null=True, related_name="+", db_index=False
    )
    turn = models.SmallIntegerField(null=True)
    answers = models.PositiveIntegerField()
    missing = models.PositiveIntegerField()  # could not tell
    answer = models.FloatField()
    probability = models.FloatField(null=True)
    error = models.FloatField(null=True)
    doubt = models.FloatField()  # 0 sure, 1 nothing known; see `quality.weights.doubt_of`

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "criterion", "first", "second", "turn"],
                nulls_distinct=False,
                name="one_consensus_of_a_thing",
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__gte=0, probability__lte=1),
                name="consensus_probability",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "-doubt", "id"], name="unit_least_sure"),
            models.Index(
                fields=["campaign", "criterion", "-doubt", "id"], name="unit_least_sure_of_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.answer:g}"


class Dispute(models.Model):
    """A task on which people said different things, and how much it matters that somebody decides.

    Of several questions the one that matters most; see `quality.weights`. Kept by `quality.settling`,
    from the answers and the newest fit; a task with a verdict is none any more.
    """

    task = models.OneToOneField(Task, models.PROTECT, primary_key=True, related_name="dispute")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="disputes", db_index=False)
    criterion = models.ForeignKey(
        Criterion, models.PROTECT, null=True, related_name="+", db_index=False
    )  # None: overall, or passages
    is_passages = models.BooleanField(default=False)  # people marked different ones
    answers = models.PositiveSmallIntegerField()  # of passages: people
    probability = models.FloatField(null=True)  # of the consensus's answer; None: of a number
    matters = models.FloatField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__gte=0, probability__lte=1),
                name="dispute_probability",
            ),
            models.CheckConstraint(condition=Q(matters__gte=0), name="dispute_matters"),
            models.CheckConstraint(
                condition=Q(is_passages=False) | Q(criterion=None), name="passages_are_no_criterion"
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "-matters", "task"], name="dispute_matters_most")
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.matters:.3f}"


class Adjudication(PublicModel):
    """Somebody's verdict on a task that people disagreed about, and why they did."""

    task = models.OneToOneField(Task, models.PROTECT, related_name="adjudication")
    judgment = models.OneToOneField(Judgment, models.PROTECT, related_name="+")
    cause = models.CharField(max_length=15, choices=Cause.choices)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [one_of("adjudication_cause_known", "cause", Cause)]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.cause}"
