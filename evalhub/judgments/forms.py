from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.judgments.choices import Preset
from evalhub.judgments.keys import ACTS, PRESETS, fault_of, keymap
from evalhub.judgments.models import DeskSettings


class DeskForm(forms.Form):
    """The keys of the annotator's page, act by act; an empty field takes the preset's."""

    preset = forms.ChoiceField(label=_("Keys as in"), choices=Preset.choices)
    auto_advance = forms.BooleanField(
        label=_("Go to the next question after an answer"), required=False
    )
    auto_submit = forms.BooleanField(
        label=_("Submit when the last question is answered"), required=False
    )

    def __init__(self, data: Any = None, *, desk: DeskSettings) -> None:  # Django's own type
        initial = {
            "preset": desk.preset,
            "auto_advance": desk.auto_advance,
            "auto_submit": desk.auto_submit,
            **{f"key_{act}": key for act, key in desk.keys.items()},
        }
        super().__init__(data, initial=initial)
        for act, meaning in ACTS.items():
            self.fields[f"key_{act}"] = forms.CharField(
                label=str(meaning).capitalize(),
                required=False,
                max_length=12,
                strip=False,  # the space bar is a key
                widget=forms.TextInput(
                    attrs={"placeholder": PRESETS[desk.preset].get(act, ""), "size": 12}
                ),
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["keys"] = {act: key for act in ACTS if (key := cleaned.get(f"key_{act}"))}
        if "preset" in cleaned and (fault := fault_of(keymap(cleaned["preset"], cleaned["keys"]))):
            act, why = fault
            self.add_error(f"key_{act}", why)
        return cleaned
