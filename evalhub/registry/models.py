from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.enums import TextChoices

from evalhub.accounts.models import Workspace
from evalhub.common.models import PublicModel, one_of


class ModelKind(TextChoices):
    BASE = "base"
    ADAPTER = "adapter"
    REWARD = "reward"  # an adapter with a head that scores answers; it writes none
    ENDPOINT = "endpoint"
    EXTERNAL = "external"  # only a name: its completions came in a file


ADAPTERS = [ModelKind.ADAPTER.value, ModelKind.REWARD.value]  # files that go on a base


class Stage(TextChoices):
    CANDIDATE = "candidate"
    IN_TRIAL = "in_trial", "in trial"  # people compare it with the one in service
    INCUMBENT = "incumbent", "in service"
    RETIRED = "retired"


class LanguageModelQuerySet(models.QuerySet["LanguageModel"]):
    def of_workspace(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def generating(self) -> Self:
        """Those that we can run ourselves."""
        return self.filter(kind__in=[ModelKind.BASE, ModelKind.ADAPTER])


class LanguageModel(PublicModel):
    """A row of the registry: a base model, an adapter on one, an endpoint, or a name from a file.

    A base that a run trained whole has a parent, the base that it began as, and its files in EVALHUB_FILES.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="language_models")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=ModelKind.choices)
    source = models.CharField(max_length=500, blank=True)  # hub id, directory, or files:digest
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    digest = models.CharField(max_length=64, blank=True)  # of its files; a base's once read
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.CANDIDATE.value)
    facts: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    licence = models.CharField(max_length=200, blank=True, default="")  # empty: its parent's
    limits = models.TextField(blank=True, default="")  # what it is not good for, in people's words

    objects = LanguageModelQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="model_name_once_per_workspace"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=ADAPTERS) | Q(parent__isnull=False),
                name="adapter_has_a_parent",
            ),
            one_of("model_kind_known", "kind", ModelKind),
            one_of("model_stage_known", "stage", Stage),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_adapter(self) -> bool:
        """Whether it is files that go on a base."""
        return self.kind in ADAPTERS

    @property
    def marks_now(self) -> list[ModelMark]:
        """What people should know before they use it, newest first."""
        return [mark for mark in self.marks.all() if mark.lifted_at is None]

    @property
    def licence_now(self) -> str:
        """Its own, else that of what it was trained from; empty where nobody has said."""
        model: LanguageModel | None = self
        while model is not None and not model.licence:
            model = model.parent
        return model.licence if model is not None else ""

    @property
    def base(self) -> LanguageModel:
        """What an adapter goes on, through all that it continues; itself for a base."""
        model = self
        while model.is_adapter and model.parent is not None:
            model = model.parent
        return model

    @property
    def baseline(self) -> LanguageModel | None:
        """What its figures stand beside; None for what was not trained from anything that gives such figures.

        Of an adapter the base that it goes on; of a base that was trained whole the first one of its line, so
        that what came of it in several trainings stands beside the same.
        """
        if self.kind == ModelKind.ADAPTER:
            return self.base
        if self.kind != ModelKind.BASE or self.parent is None:
            return None
        return self.parent.baseline or self.parent

    def comes_from(self, other: LanguageModel) -> bool:
        """Whether `other` is among what it was trained from, at any remove."""
        parent = self.parent
        return parent is not None and (parent == other or parent.comes_from(other))


class Endpoint(models.Model):
    """Where a model answers that a server elsewhere runs; any that speaks OpenAI's chat completions.

    Prices are of a million tokens; None: nobody has said. `sealed_key` is opened where a run is
    started, and nowhere else.
    """

    model = models.OneToOneField(
        LanguageModel, models.PROTECT, related_name="endpoint", primary_key=True
    )
    url = models.CharField(max_length=300)  # what stands before /chat/completions
    served_name = models.CharField(max_length=200)  # as the server calls the model
    sealed_key = models.TextField(blank=True)
    input_price = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    output_price = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    per_minute = models.PositiveIntegerField(default=0)  # requests; 0: as many as it takes
    at_once = models.PositiveSmallIntegerField(default=4)
    bounds_by = models.CharField(max_length=30, default="max_tokens", db_default="max_tokens")
    # the field by which it takes the length of an answer; learnt from its refusal of the usual one

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(input_price__isnull=True, output_price__isnull=True)
                | Q(input_price__gte=0, output_price__gte=0),
                name="endpoint_prices_both_or_none",
            ),
            models.CheckConstraint(
                condition=Q(at_once__gte=1, at_once__lte=64), name="endpoint_asks_some_at_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.served_name} at {self.url}"

    @property
    def has_key(self) -> bool:
        return bool(self.sealed_key)

    @property
    def prices(self) -> list[float]:
        """Of a million tokens, read and written; empty where nobody has said."""
        if self.input_price is None or self.output_price is None:
            return []
        return [float(self.input_price), float(self.output_price)]


class MarkCause(TextChoices):
    WITHDRAWAL = "withdrawal", "learned from what was withdrawn"
    ERASURE = "erasure", "learned from what was erased"
    MERGE = "merge", "learned from what stands close to test prompts"


class ModelMark(PublicModel):
    """Something that happened to the data of a model, or of one that it comes from.

    stands -> lifted, when the cause is taken back. `cause_uid` names a row of an app above.
    """

    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="marks", db_index=False)
    cause = models.CharField(max_length=10, choices=MarkCause.choices)
    cause_uid = models.UUIDField()
    reason = models.TextField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["model", "cause_uid"], name="marked_once_per_cause"),
            one_of("mark_cause_known", "cause", MarkCause),
        ]
        indexes = [models.Index(fields=["cause_uid"], name="mark_by_cause")]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}: {self.reason}"
