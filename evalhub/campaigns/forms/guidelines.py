from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class GuidelinesForm(forms.Form):
    content = forms.CharField(
        label=_("Guidelines"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("Markdown. Annotators read and accept it before they judge."),
    )
    consent = forms.CharField(
        label=_("Consent"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What annotators agree to, where your work needs that."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(required=False, max_length=10_000)
    archives = forms.BooleanField(required=False)
