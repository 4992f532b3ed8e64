from __future__ import annotations

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
