from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
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
    threshold = forms.FloatField(
        label=_("Good enough from so many points"),
        min_value=1,
        max_value=5,
        initial=4.0,
        help_text=_("Of 1 to 5, as datasets have it: a rated answer below it is not chosen."),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:  # as forms.Form
        super().__init__(*args, **kwargs)
        if campaign.type != TaskType.RATING:
            del self.fields["threshold"]
