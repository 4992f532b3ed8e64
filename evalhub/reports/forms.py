from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.reports.choices import ExportFormat


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        choices=ExportFormat.choices,
        initial=ExportFormat.CSV.value,
        widget=forms.RadioSelect,
        label=_("Format"),
    )
    everything = forms.BooleanField(
        required=False,
        label=_("Also judgments that do not count"),
        help_text=_(
            "Superseded, withdrawn, extra and those of the last seconds, each marked with its state."
        ),
    )
