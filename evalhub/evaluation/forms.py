from __future__ import annotations

import json
from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.gate import Gate, as_json, read_gate
from evalhub.registry.models import LanguageModel


class MeasureForm(forms.Form):
    model = RowField(LanguageModel.objects.none())
    texts = RowField(
        DatasetBuild.objects.none(), required=False, label="SFT build", empty_label="none"
    )
    pairs = RowField(
        DatasetBuild.objects.none(), required=False, label="Preference build", empty_label="none"
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        builds = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="")
        models = LanguageModel.objects.of_workspace(workspace).generating()
        choose_from(self, "model", models)
        choose_from(self, "texts", builds.filter(kind=BuildKind.SFT))
        choose_from(self, "pairs", builds.filter(kind=BuildKind.PREFERENCE))

    def builds(self) -> list[DatasetBuild]:
        chosen = (self.cleaned_data["texts"], self.cleaned_data["pairs"])
        return [build for build in chosen if build is not None]


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
