from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.labelling.choices import FunctionKind
from evalhub.prompts.models import Collection, Prompt
from evalhub.rubrics.models import Criterion

LABEL = "labelling.run"  # kinds of its jobs
LABEL_COLLECTION = "labelling.collection"


class LabellingFunctionQuerySet(models.QuerySet["LabellingFunction"]):
    def active(self) -> Self:
        return self.filter(retired_at=None)

    def of(self, criterion: Criterion) -> Self:
        return self.filter(criterion=criterion)


class LabellingFunction(PublicModel):
    """One version of a rule that votes for one value of a criterion, or abstains.

    Frozen; a change is a new version, which retires this one. Retired ones vote no more.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="labelling_functions")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="labelling_functions")
    name = models.CharField(max_length=100)
    number = models.PositiveIntegerField(default=1)  # of the version
    value = models.SmallIntegerField()  # what it votes for
    kind = models.CharField(max_length=15, choices=FunctionKind.choices)
    parameters: models.JSONField[dict[str, Any]] = models.JSONField()  # see labelling.parameters
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)
    carried_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="carried_to"
    )  # the version of a function under an earlier version of the rubric

    objects = LabellingFunctionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["criterion", "name", "number"], name="one_row_per_function_version"
            ),
            models.UniqueConstraint(
                fields=["criterion", "name"],
                condition=Q(retired_at=None),
                name="one_active_version_per_function",
            ),
            one_of("function_kind_known", "kind", FunctionKind),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    @property
    def votes_for(self) -> str:
        return self.criterion.words_for(self.value)


class Asking(PublicModel):
    """What a run on tasks and one on prompts share."""

    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    figures: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    # see labelling.figures.Figures
    ended_at = models.DateTimeField(null=True, blank=True)  # None: the job has not ended well

    class Meta:
        abstract = True


class LabellingRun(Asking):
    """The functions of a criterion on the tasks of a campaign, as they were when its job ran.

    Each asking adds a row; votes and proposals are kept of the newest that ended well.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="labelling_runs")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["campaign", "criterion", "-id"], name="labelling_run_newest")
        ]

    def __str__(self) -> str:
        return f"{self.criterion} of {self.campaign}"


class FunctionVotes(models.Model):
    """The tasks on which a function voted in a run."""

    run = models.ForeignKey(LabellingRun, models.PROTECT, related_name="votes", db_index=False)
    function = models.ForeignKey(LabellingFunction, models.PROTECT, related_name="+")
    tasks = models.BinaryField()  # their keys, rising, 8 bytes each with the lowest first

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "function"], name="votes_once_per_run")
        ]

    def __str__(self) -> str:
        return f"{self.function_id} in {self.run_id}"


class Proposal(models.Model):
    """What the functions say together about a task, and how sure the label model is of it."""

    run = models.ForeignKey(LabellingRun, models.PROTECT, related_name="proposals", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="+")
    value = models.SmallIntegerField()
    probability = models.FloatField()
    votes_for = models.PositiveSmallIntegerField()  # functions that say so
    votes_against = models.PositiveSmallIntegerField()  # that say something else

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "task"], name="one_proposal_per_run_and_task"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="proposal_has_a_chance"
            ),
        ]
        indexes = [models.Index(fields=["run", "-probability", "task"], name="proposal_surest")]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.value} ({self.probability:.2f})"

    @property
    def asked(self) -> Prompt:
        return self.task.prompt


class CollectionRun(Asking):
    """The functions of a criterion on the prompts of a collection, before any campaign has them.

    Each asking adds a row; proposals are kept of the newest that ended well.
    """

    collection = models.ForeignKey(Collection, models.PROTECT, related_name="labelling_runs")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["collection", "criterion", "-id"], name="collection_run_newest")
        ]

    def __str__(self) -> str:
        return f"{self.criterion} of {self.collection}"


class PromptProposal(models.Model):
    """What the functions say together about a prompt. It is for looking: a campaign is to confirm in."""

    run = models.ForeignKey(CollectionRun, models.PROTECT, related_name="proposals", db_index=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="+")
    value = models.SmallIntegerField()
    probability = models.FloatField()
    votes_for = models.PositiveSmallIntegerField()  # functions that say so
    votes_against = models.PositiveSmallIntegerField()  # that say something else

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "prompt"], name="one_proposal_per_run_and_prompt"
            ),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1),
                name="prompt_proposal_has_a_chance",
            ),
        ]
        indexes = [
            models.Index(fields=["run", "-probability", "prompt"], name="prompt_proposal_surest")
        ]

    def __str__(self) -> str:
        return f"{self.prompt_id}: {self.value} ({self.probability:.2f})"

    @property
    def asked(self) -> Prompt:
        return self.prompt


class Decision(models.Model):
    """A person confirmed a proposal, by a judgment of their own, or rejected it. Append-only."""

    run = models.ForeignKey(LabellingRun, models.PROTECT, related_name="decisions")
    task = models.ForeignKey(Task, models.PROTECT, related_name="+", db_index=False)
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    value = models.SmallIntegerField()
    probability = models.FloatField()
    judgment = models.OneToOneField(
        Judgment, models.PROTECT, null=True, blank=True, related_name="+"
    )  # none: rejected
    decided_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "criterion", "value"], name="a_proposal_is_decided_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.value}"
