from __future__ import annotations

from typing import Any

from django import forms


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
