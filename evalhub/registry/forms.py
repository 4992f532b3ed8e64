from __future__ import annotations

from dataclasses import fields

from django import forms

from evalhub.registry.endpoints import MOST_AT_ONCE, Access
from evalhub.registry.models import Endpoint

ACCESS = tuple(field.name for field in fields(Access))


class BaseModelForm(forms.Form):
    name = forms.CharField(max_length=120)
    source = forms.CharField(
        max_length=500,
        help_text="A directory on the server that holds config.json and safetensors, or a hub id "
        "such as Qwen/Qwen3-0.6B. Code that comes with a model is never run.",
    )


class EndpointForm(forms.Form):
    url = forms.CharField(
        max_length=300,
        label="Address",
        help_text="What stands before /chat/completions: https://api.example.com/v1 or "
        "http://localhost:8000/v1.",
    )
    served_name = forms.CharField(
        max_length=200, label="Model there", help_text="As the server calls it."
    )
    key = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="It is stored sealed and never shown. Empty keeps the one that is there.",
    )
    drops_key = forms.BooleanField(required=False, label="It needs no key: forget the one there is")
    input_price = forms.DecimalField(
        required=False, min_value=0, decimal_places=4, label="Price of a million tokens read"
    )
    output_price = forms.DecimalField(
        required=False, min_value=0, decimal_places=4, label="Price of a million tokens written"
    )
    per_minute = forms.IntegerField(
        initial=0, min_value=0, label="Requests per minute", help_text="0: as many as it takes."
    )
    at_once = forms.IntegerField(
        initial=4, min_value=1, max_value=MOST_AT_ONCE, label="Requests at once"
    )

    @staticmethod
    def of(endpoint: Endpoint) -> dict[str, object]:
        """What the form shows first; never the key."""
        return {name: getattr(endpoint, name) for name in ACCESS}

    def access(self) -> Access:
        return Access(**{name: self.cleaned_data[name] for name in ACCESS})

    def new_key(self) -> str | None:
        """None keeps the key that is there."""
        if self.cleaned_data["drops_key"]:
            return ""
        return self.cleaned_data["key"] or None


class NewEndpointForm(EndpointForm):
    name = forms.CharField(max_length=120, label="Name here")
    field_order = ("name",)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        del self.fields["drops_key"]
        self.fields["key"].help_text = "It is stored sealed and never shown. Empty: it needs none."
