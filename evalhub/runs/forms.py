from __future__ import annotations

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.registry.models import LanguageModel, ModelKind


class TryForm(forms.Form):
    base = forms.ModelChoiceField(LanguageModel.objects.none(), label="Base model")
    adapter = forms.ModelChoiceField(
        LanguageModel.objects.none(), label="Adapter", required=False, empty_label="none"
    )
    prompt = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    temperature = forms.FloatField(
        min_value=0, max_value=2, initial=0.0, help_text="0 always takes the likeliest word."
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace)
        bases, adapters = self.fields["base"], self.fields["adapter"]
        assert isinstance(bases, forms.ModelChoiceField)  # noqa: S101  tells mypy what stands above
        assert isinstance(adapters, forms.ModelChoiceField)  # noqa: S101
        bases.queryset = models.filter(kind=ModelKind.BASE)
        adapters.queryset = models.filter(kind=ModelKind.ADAPTER)
