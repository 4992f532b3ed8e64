from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.valuing.choices import Aim
from evalhub.valuing.services import LEAST_BY_LOT, LEAST_EVERY, MOST_EVERY


class ValuationForm(forms.Form):
    aim = forms.ChoiceField(label=_("The judgments are to decide"), choices=Aim.choices)
    by_lot = forms.IntegerField(
        label=_("Percent of the tasks by lot"),
        min_value=LEAST_BY_LOT,
        max_value=100,
        initial=20,
        help_text=_("Figures of these alone are of all tasks; drawn once and for good."),
    )
    every = forms.IntegerField(
        label=_("Value anew after so many judgments"),
        min_value=LEAST_EVERY,
        max_value=MOST_EVERY,
        initial=50,
    )
