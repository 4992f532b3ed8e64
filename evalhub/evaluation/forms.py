from __future__ import annotations

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
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
