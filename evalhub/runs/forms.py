from __future__ import annotations

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.registry.models import LanguageModel, ModelKind, Stage


class BaseForm(forms.Form):
    base = RowField(LanguageModel.objects.none(), label="Base model")

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE)
        choose_from(self, "base", bases)


class TryForm(forms.Form):
    base = RowField(LanguageModel.objects.none(), label="Base model")
    adapter = RowField(
        LanguageModel.objects.none(), label="Adapter", required=False, empty_label="none"
    )
    prompt = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    temperature = forms.FloatField(
        min_value=0, max_value=2, initial=0.0, help_text="0 always takes the likeliest word."
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace)
        bases, adapters = (models.filter(kind=kind) for kind in (ModelKind.BASE, ModelKind.ADAPTER))
        choose_from(self, "base", bases)
        choose_from(self, "adapter", adapters)
        adapter = adapters.filter(stage=Stage.INCUMBENT).first() or adapters.first()  # the newest
        self.fields["adapter"].initial = adapter
        self.fields["base"].initial = adapter.base if adapter else bases.first()
