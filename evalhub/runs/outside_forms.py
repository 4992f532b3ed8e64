from __future__ import annotations

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.adapters import CONFIG, WEIGHTS
from evalhub.registry.models import LanguageModel, ModelKind


class AdapterForm(forms.Form):
    base = RowField(LanguageModel.objects.none(), help_text="The model that it was trained on.")
    config = forms.FileField(label=CONFIG, max_length=255)
    weights = forms.FileField(
        label=WEIGHTS, max_length=255, help_text="Safetensors only; a pickle is refused unread."
    )
    build = RowField(
        DatasetBuild.objects.none(),
        required=False,
        empty_label="none of ours",
        label="Trained on the build",
        help_text="So that it is found when one of these rows is withdrawn.",
    )
    name = forms.CharField(max_length=120, required=False, help_text="Made up when empty.")

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE)
        choose_from(self, "base", bases.order_by("name"))
        builds = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="")
        choose_from(self, "build", builds.select_related("dataset").order_by("-pk"))
