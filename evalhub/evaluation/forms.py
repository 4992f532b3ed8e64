from __future__ import annotations

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel


class MeasureForm(forms.Form):
    model = forms.ModelChoiceField(LanguageModel.objects.none())
    texts = forms.ModelChoiceField(
        DatasetBuild.objects.none(), required=False, label="SFT build", empty_label="none"
    )
    pairs = forms.ModelChoiceField(
        DatasetBuild.objects.none(), required=False, label="Preference build", empty_label="none"
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        builds = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="")
        models = LanguageModel.objects.of_workspace(workspace).generating()
        self._choose_from("model", models)
        self._choose_from("texts", builds.filter(kind=BuildKind.SFT))
        self._choose_from("pairs", builds.filter(kind=BuildKind.PREFERENCE))

    def builds(self) -> list[DatasetBuild]:
        chosen = (self.cleaned_data["texts"], self.cleaned_data["pairs"])
        return [build for build in chosen if build is not None]

    def _choose_from(self, name: str, rows: object) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]  # a ModelChoiceField
