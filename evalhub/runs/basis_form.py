"""On what a training run is started: the build, the method and the model, which come with the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.files import weights_of
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.demands import data_of
from evalhub.runs.fit import (
    FITS_24_GB,
    PRESETS,
    Data,
    Preset,
    on_24_gb,
    preset_for,
    suggested,
)
from evalhub.runs.models import TRAINING, Recipe

METHODS = {
    Recipe.SFT.value: "sft: learn to give the answers of an SFT build",
    Recipe.TEXT.value: "text: learn to foretell the documents of a text build",
    Recipe.DPO.value: "dpo: learn to prefer, from a preference build",
    Recipe.KTO.value: "kto: learn from single answers called good or bad",
    Recipe.REWARD.value: "reward: a model that scores answers",
    Recipe.RLOO.value: "rloo: draw answers to a build’s prompts, and learn what a reward model likes",
}


def trainable_builds(workspace: Workspace) -> QuerySet[DatasetBuild]:
    """Whole builds with rows to train on, newest first."""
    kinds = {kind for wanted in TRAINING.values() for kind in wanted}
    builds = DatasetBuild.objects.filter(workspace=workspace, kind__in=kinds, rows__train__gt=0)
    builds = builds.filter(erased_at=None, crossed_at=None).exclude(digest="")
    return builds.select_related("dataset", "job")


class BuildField(RowField):
    def label_from_instance(self, obj: Any) -> str:  # Any: Django's own
        rows = f"{obj.rows['train']:,} rows"
        return f"{obj.dataset} ({obj.kind}, {rows}, {obj.created_at:%d %b %Y %H:%M})"


class BasisForm(forms.Form):
    """What is trained, on what, by which method; comes with the address."""

    build = BuildField(DatasetBuild.objects.none(), label="Build to learn from")
    method = forms.ChoiceField()
    model = RowField(
        LanguageModel.objects.none(),
        label="Model to start from",
        help_text="A base gets a new adapter; an adapter is trained further.",
    )
    preset = forms.ChoiceField(
        required=False,
        label="Settings for",
        choices=[
            ("", "as many rows as there are"),
            *((each.name, each.name + " rows") for each in PRESETS),
            (FITS_24_GB, "a card of 24 GB, with a model of about 8 billion weights"),
        ],
    )  # fmt: skip

    methods = METHODS

    def __init__(self, given: Mapping[str, Any], *, workspace: Workspace) -> None:
        """A form that was filled in where `given` names a method; else one that begins with what fits the
        build that `given` names, if any.
        """
        super().__init__(given if "method" in given else None)
        self.fields["method"] = forms.ChoiceField(choices=[*self.methods.items()])
        kinds = [ModelKind.BASE, ModelKind.ADAPTER, ModelKind.REWARD]
        models = LanguageModel.objects.of_workspace(workspace).filter(kind__in=kinds)
        choose_from(self, "build", trainable_builds(workspace))
        choose_from(self, "model", models)
        named = given.get("build", "")
        for build in trainable_builds(workspace):
            if str(build.uid) == named:
                fitting = (name for name in self.methods if build.kind in TRAINING[name])
                self.initial.update(build=build, method=next(fitting))
        base = models.filter(kind=ModelKind.BASE)
        self.initial["model"] = base.first() if base.count() == 1 else None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        build, method = values.get("build"), values.get("method")
        if build is not None and method and build.kind not in TRAINING[method]:
            wanted = " or a ".join(TRAINING[method])
            self.add_error("method", f"{method} learns from a {wanted} build; this one is a {build.kind} build.")  # fmt: skip
        return values

    def data_of(self) -> Data:
        return data_of(self.cleaned_data["build"])

    def preset_used(self) -> Preset:
        named = {each.name: each for each in PRESETS}.get(self.cleaned_data["preset"])
        fitting = named or preset_for(self.data_of().rows)
        return on_24_gb(fitting) if self.cleaned_data["preset"] == FITS_24_GB else fitting

    def suggested(self, *, is_whole: bool | None = None) -> dict[str, Any]:
        """Args: is_whole: whether all weights are trained; None: as is chosen here."""
        chosen = self.cleaned_data
        return suggested(
            chosen["method"],
            self.data_of(),
            preset=self.preset_used(),
            weights=self.weights_known(),
            is_whole=self.is_whole() if is_whole is None else is_whole,
        )

    def weights_known(self) -> int | None:
        return weights_of(self.cleaned_data["model"].base.source)

    def is_whole(self) -> bool:
        """Whether it is chosen here already that all weights are trained."""
        return False
