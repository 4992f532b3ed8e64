from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.frozen_set import JUDGED, names_in
from evalhub.evaluation.gate import Gate, as_json, read_gate
from evalhub.evaluation.models import Benchmark
from evalhub.registry.models import LanguageModel, ModelKind


class MeasureForm(forms.Form):
    model = RowField(LanguageModel.objects.none())
    texts = RowField(
        DatasetBuild.objects.none(), required=False, label="SFT build", empty_label="none"
    )
    pairs = RowField(
        DatasetBuild.objects.none(), required=False, label="Preference build", empty_label="none",
        help_text="Or, of a reward model, a reward build.",
    )  # fmt: skip

    benchmark = RowField(
        Benchmark.objects.none(), required=False, label="Or a benchmark", empty_label="none"
    )
    harness = forms.CharField(
        required=False, max_length=500, label="Tasks of lm-evaluation-harness",
        help_text="With commas between, as arc_easy, hellaswag; with builds, a benchmark or alone.",
    )  # fmt: skip
    rewarder = RowField(
        LanguageModel.objects.none(), required=False, label="Reward model", empty_label="none",
        help_text="Scores the answers. Measure the base with the same one.",
    )  # fmt: skip
    settings = forms.JSONField(
        required=False, label="Options", initial=dict, widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "mono"}),
        help_text='Of the recipe evaluate, as {"max_new_tokens": 48}; those of the Loop, to stand beside what its Rounds measured.',
    )  # fmt: skip
    again = forms.BooleanField(
        required=False, label="Measure anew what was measured there",
        help_text="For figures that came later, as a plug-in’s; measure the base anew first.",
    )  # fmt: skip

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        builds = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="")
        models = LanguageModel.objects.of_workspace(workspace)
        writing = Q(pk__in=models.generating().values("pk"))
        choose_from(self, "model", models.filter(writing | Q(kind=ModelKind.REWARD)))
        choose_from(self, "texts", builds.filter(kind=BuildKind.SFT))
        choose_from(self, "pairs", builds.filter(kind__in=JUDGED))
        choose_from(self, "benchmark", Benchmark.objects.filter(workspace=workspace))
        rewarders = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.REWARD)
        choose_from(self, "rewarder", rewarders)

    def builds(self) -> list[DatasetBuild]:
        chosen = (self.cleaned_data["texts"], self.cleaned_data["pairs"])
        return [build for build in chosen if build is not None]

    def clean_settings(self) -> dict[str, Any]:
        given = self.cleaned_data["settings"] or {}
        if not isinstance(given, dict):
            raise forms.ValidationError('Options are an object, as {"max_new_tokens": 48}.')
        return given

    def options(self) -> dict[str, Any]:
        tasks = names_in(self.cleaned_data["harness"])
        chosen: dict[str, Any] = self.cleaned_data["settings"]
        return chosen | ({"harness": tasks} if tasks else {})


class BenchmarkForm(forms.Form):
    name = forms.CharField(max_length=200)
    file = forms.FileField(help_text="CSV or JSON Lines, at most 20 MiB and 20,000 rows.")
    licence = forms.CharField(
        required=False, max_length=200, help_text="Under which it was published: cc-by-4.0, mit."
    )
    plain = forms.BooleanField(
        required=False, label="Prompts are texts to be written on",
        help_text="For a model without conversations. Else each prompt is asked by a user.",
    )  # fmt: skip


class GateForm(forms.Form):
    """A gate as JSON; what is left out has its default."""

    gate = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono"}),
        help_text="The help page on evaluation explains every field.",
    )

    def __init__(self, *args: Any, **named: Any) -> None:  # Django's own
        super().__init__(*args, **named)
        self.fields["gate"].initial = as_json(Gate())
        self.fields["gate"].encoder = _Indented  # type: ignore[attr-defined]  # a JSONField

    def clean_gate(self) -> Gate:
        given = self.cleaned_data["gate"]
        if not isinstance(given, dict):
            raise forms.ValidationError("A gate is an object, as in {…}.")
        try:
            return read_gate(given)
        except BadGate as error:
            raise forms.ValidationError(str(error)) from error


class CardForm(forms.Form):
    licence = forms.CharField(
        max_length=200, required=False, help_text="Empty: that of the model it was trained from."
    )
    limits = forms.CharField(
        max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What it is not good for, one a line.",
    )  # fmt: skip


class EndTrialForm(forms.Form):
    because = forms.CharField(
        label="Why", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands in the decision and in the audit log.",
    )  # fmt: skip


class _Indented(json.JSONEncoder):
    """For reading, not for machines."""

    def __init__(self, **kwargs: Any) -> None:  # json.dumps passes its own arguments
        super().__init__(**(kwargs | {"indent": 2}))
