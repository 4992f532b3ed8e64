from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.campaigns.choices import PayUnit
from evalhub.common.money import CURRENCIES


class PayRateForm(forms.Form):
    amount = forms.DecimalField(
        label=_("Amount"), min_value=0, max_digits=12, decimal_places=4, help_text=_("0: no pay.")
    )
    currency = forms.ChoiceField(
        label=_("Currency"), choices=[(code, code) for code in CURRENCIES], initial="EUR"
    )
    unit = forms.ChoiceField(
        label=_("For each"), choices=PayUnit.choices, initial=PayUnit.TASK.value
    )
    from_the_start = forms.BooleanField(label=_("Also for what was judged before"), required=False)

    def __init__(self, *args: Any, is_first: bool, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        if not is_first:
            del self.fields["from_the_start"]
