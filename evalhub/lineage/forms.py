from __future__ import annotations

from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Benchmark
from evalhub.prompts.models import Collection


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands in the audit log and beside each model that is marked.",
    )
    builds_again = forms.BooleanField(
        label="Build again each dataset that used it", required=False, initial=True
    )


class ReinstatementForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))


class ErasureForm(forms.Form):
    name = forms.CharField(label="Their pseudonym, to be sure", max_length=100)

    def __init__(self, *args: Any, pseudonym: str, **kwargs: Any) -> None:  # Django's own types
        super().__init__(*args, **kwargs)
        self._pseudonym = pseudonym

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if name != self._pseudonym:
            raise forms.ValidationError("This is not their pseudonym.")
        return name


class CheckForm(forms.Form):
    file = forms.FileField(
        required=False,
        label="A file of JSON lines",
        help_text="Every text of each line is looked at; a list of messages is one text.",
    )
    collection = RowField(Collection.objects.none(), required=False, empty_label="none")
    other = RowField(
        DatasetBuild.objects.none(), required=False, label="Another build", empty_label="none"
    )

    benchmark = RowField(Benchmark.objects.none(), required=False, empty_label="none")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self, "benchmark", Benchmark.objects.filter(workspace=workspace))
        choose_from(self, "collection", Collection.objects.filter(workspace=workspace))
        builds = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="")
        choose_from(self, "other", builds.select_related("dataset"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        sets = ("file", "collection", "other", "benchmark")
        if len([name for name in sets if cleaned.get(name)]) != 1:
            raise forms.ValidationError(
                "Name one set: a file, a collection, a build or a benchmark."
            )
        return cleaned
