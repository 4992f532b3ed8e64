from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.enums import TextChoices

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.models import Job
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel


class Recipe(TextChoices):
    NOOP = "noop"
    SFT = "sft"
    TEXT = "text"
    DPO = "dpo"
    KTO = "kto"
    REWARD = "reward"
    RLOO = "rloo"
    SCORE = "score"
    EVALUATE = "evaluate"
    GENERATE = "generate"
    MEASURE = "measure"
    MERGE = "merge"
    CHECK_SERVED = "check_served"


# what each learns from; it makes an adapter
TRAINING: dict[str, tuple[str, ...]] = {
    Recipe.SFT: (BuildKind.SFT,),
    Recipe.TEXT: (BuildKind.TEXT,),
    Recipe.DPO: (BuildKind.PREFERENCE,),
    Recipe.KTO: (BuildKind.UNPAIRED,),
    Recipe.REWARD: (BuildKind.REWARD, BuildKind.PREFERENCE),
    Recipe.RLOO: (BuildKind.SFT, BuildKind.PREFERENCE),  # of their prompts
}


PROBE, EARLIER = "probe", "earlier"  # builds that a run reads beside the one it learns from


class Run(PublicModel):
    """A Job on the torch side. `spec` is frozen; state, progress and error are the Job's.

    spec: {"recipe","seed","options"}, where there are such builds "beside": {"probe" or "earlier": uid}, where
    there is one "teacher": uid of a model, "served": uid of the endpoint whose answers are compared, where several answer "models": their uids, where it does a part of
    what was asked "part": {"of": uid of the run of the first part, "number", "parts"}, and inputs by name: {"train": {"key","sha256"}}, keys in
    EVALHUB_FILES; the worker lays them into the run directory and writes spec.json.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="runs")
    recipe = models.CharField(max_length=12, choices=Recipe.choices)
    job = models.OneToOneField(Job, models.PROTECT, related_name="run")
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    model = models.ForeignKey(
        LanguageModel, models.PROTECT, null=True, blank=True, related_name="runs"
    )  # what it starts from: a base or an adapter
    builds = models.ManyToManyField(DatasetBuild, related_name="runs")
    repeats = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="repetitions"
    )  # the run whose spec this is, to the letter
    spec: models.JSONField[dict[str, Any]] = models.JSONField()

    output_model = models.OneToOneField(
        LanguageModel, models.PROTECT, null=True, blank=True, related_name="made_by"
    )
    metrics: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    artifacts: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    # artifacts: {path below artifacts/: {"key": in EVALHUB_FILES, "sha256": …}}
    measured: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, db_default={})
    # measured: {name: {"value", "low", "high", "n"}} where intervals were worked out of its rows
    environment: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    checkpoints: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    seconds = models.FloatField(null=True, blank=True)
    labour: models.JSONField[dict[str, int]] = models.JSONField(default=dict, db_default={})
    # labour: {"judgments", "timed", "active_ms"} behind what it learnt from; empty where nothing tells
    tags: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )  # each once, in order

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.recipe} {str(self.uid)[:8]}"

    @property
    def is_closed(self) -> bool:
        """It ended well and its result is stored; doing it again would change nothing."""
        return bool(self.metrics)

    @property
    def beside(self) -> dict[str, str]:
        """Uids of builds that it does not learn from, by what it reads them for; `builds` holds them too."""
        found: dict[str, str] = self.spec.get("beside", {})
        return found

    @property
    def teacher(self) -> LanguageModel | None:
        """The model that it learns to speak like."""
        uid = self.spec.get("teacher")
        return LanguageModel.objects.get(uid=uid) if uid else None

    @property
    def served(self) -> LanguageModel | None:
        """The endpoint whose answers stand beside those of its model."""
        uid = self.spec.get("served")
        return LanguageModel.objects.get(uid=uid) if uid else None

    @property
    def answering(self) -> list[LanguageModel]:
        """Those that write its answers, in order; `model` is the first of them."""
        uids = self.spec.get("models")
        if not uids:
            return [self.starts_from]
        found = {str(each.uid): each for each in LanguageModel.objects.filter(uid__in=uids)}
        return [found[uid] for uid in uids]

    @property
    def whole_uid(self) -> UUID:
        """What its answers are kept under: all parts of what was asked share it."""
        part = self.spec.get("part")
        return UUID(part["of"]) if part else self.uid

    @property
    def parts(self) -> list[Run]:
        """The runs that together do what was asked, in order; itself where it is the only one."""
        part = self.spec.get("part")
        if part is None:
            return [self]
        same = Run.objects.filter(workspace=self.workspace_id, spec__part__of=part["of"])
        return list(same.select_related("job").order_by("pk"))

    @property
    def trains_all(self) -> bool:
        """Whether it trains every weight of a base, and makes a whole model."""
        return bool(self.spec["options"].get("trains") == "all")

    @property
    def learnt_builds(self) -> QuerySet[DatasetBuild]:
        """Those that it learns from."""
        return self.builds.exclude(uid__in=self.beside.values()).select_related("dataset")

    @property
    def merged_files(self) -> dict[str, dict[str, str]]:
        """Of a run that merged: {path: {"key", "sha256"}} of the whole model, in order."""
        below = "merged/"
        return {
            path.removeprefix(below): file
            for path, file in sorted(self.artifacts.items())
            if path.startswith(below) and self.recipe == Recipe.MERGE
        }

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What its newest attempt found, in the order in which it did."""
        last = self.events.order_by("attempt").last()
        if last is None:
            return []
        found = self.events.filter(kind="finding", attempt=last.attempt).order_by("n")
        return list(found.values_list("body", flat=True))

    @property
    def starts_from(self) -> LanguageModel:
        """Raise ValueError for a recipe that takes no model."""
        if self.model is None:
            raise ValueError(f"{self} has no model")
        return self.model

    @property
    def adapter(self) -> LanguageModel:
        """What it made. Raise ValueError for a run that has not trained one (yet)."""
        if self.output_model is None:
            raise ValueError(f"{self} made no adapter")
        return self.output_model


class RunEvent(models.Model):
    """A line of events.jsonl, as the worker that held the lease read it."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="events", db_index=False)
    attempt = models.PositiveIntegerField()
    n = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    body: models.JSONField[dict[str, Any]] = models.JSONField()

    class Meta:
        ordering = ["run", "attempt", "n"]
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt", "n"], name="run_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.n}"


class DevicePrice(models.Model):
    """What an hour of a device costs a workspace; one for all its devices and runs."""

    workspace = models.OneToOneField(Workspace, models.PROTECT, related_name="+", primary_key=True)
    amount = models.DecimalField(max_digits=12, decimal_places=4)
    currency = models.CharField(max_length=3)  # ISO 4217

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="device_price_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.currency} an hour"


class RunNote(PublicModel):
    """What a member says of a run; they change it, and nobody else does."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="notes")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    text = models.TextField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "member"], name="one_note_per_run_and_member")
        ]

    def __str__(self) -> str:
        return f"{self.member} on {self.run}"


class OutsideTraining(models.Model):
    """Says of an adapter that was trained elsewhere on which build; of our own the Run does."""

    model = models.OneToOneField(
        LanguageModel, models.PROTECT, related_name="outside_training", primary_key=True
    )
    build = models.ForeignKey(DatasetBuild, models.PROTECT, related_name="outside_trainings")

    def __str__(self) -> str:
        return f"{self.model} on {self.build}"


class RewritingWay(TextChoices):
    PARAPHRASE = "paraphrase", "Paraphrase"
    BACK_TRANSLATION = "back_translation", "Back-translation"


class Rewriting(PublicModel):
    """Prompts of a collection written anew by a model, by one run or by two.

    The jobs of its runs carry it on: the first ends, the second is queued, its answers become prompts.
    `made` is None until then; `dropped` counts the answers that became none.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="rewritings")
    source = models.ForeignKey(Collection, models.PROTECT, related_name="rewritings")
    target = models.ForeignKey(Collection, models.PROTECT, related_name="+")
    way = models.CharField(max_length=20, choices=RewritingWay.choices)
    language = models.CharField(max_length=2, blank=True)  # of the prompts, for back-translation
    through = models.CharField(max_length=2, blank=True)  # the language in between
    first = models.OneToOneField(Run, models.PROTECT, related_name="+")
    second = models.OneToOneField(Run, models.PROTECT, null=True, blank=True, related_name="+")
    made = models.PositiveIntegerField(null=True, blank=True)
    dropped: models.JSONField[dict[str, int]] = models.JSONField(default=dict)
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [one_of("rewriting_way_known", "way", RewritingWay)]

    def __str__(self) -> str:
        return f"{RewritingWay(self.way).label} of {self.source}"

    @property
    def last_run(self) -> Run:
        return self.second or self.first
