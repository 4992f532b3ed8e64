from __future__ import annotations

from django import forms

from evalhub.webhooks.choices import EVENTS, WebhookKind


class ChangeForm(forms.Form):
    name = forms.CharField(max_length=100)
    events = forms.MultipleChoiceField(
        choices=[*EVENTS.items()], widget=forms.CheckboxSelectMultiple, label="Tell it when"
    )
    is_on = forms.BooleanField(required=False, initial=True, label="Switched on")


class AddForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="As people here know the receiver.")
    kind = forms.ChoiceField(choices=WebhookKind.choices, widget=forms.RadioSelect, initial="standard")  # fmt: skip
    address = forms.CharField(
        max_length=2000,
        help_text="https://… It is kept encrypted and shown to nobody again.",
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        choices=[*EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
        label="Tell it when",
        initial=[*EVENTS],
    )
