from __future__ import annotations

from django import forms

from evalhub.tracking.choices import NEEDS, Service
from evalhub.tracking.places import PREFIXES, allowed_addresses


class TrackerForm(forms.Form):
    """Asks for what the service needs, and for nothing else."""

    is_on = forms.BooleanField(
        required=False, initial=True, label="Send the figures of runs that end from now on"
    )
    project = forms.CharField(
        max_length=60,
        initial="evalhub",
        help_text="Its name there; it is made where it is missing.",
    )
    is_offline = forms.BooleanField(
        required=False,
        label="Offline",
        help_text="Files on the worker’s disk, which you upload yourself. No address, no key.",
    )
    address = forms.ChoiceField()
    key_variable = forms.CharField(
        required=False,
        max_length=80,
        label="Variable with the key",
        help_text="Its name in the worker’s environment, never the key itself. "
        f"It begins with {', '.join(PREFIXES)}.",
    )

    def __init__(self, *args: object, service: Service, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        needs = NEEDS[service]
        if not needs.has_address:
            del self.fields["address"], self.fields["key_variable"]
        else:
            named = [(each, each) for each in allowed_addresses()]
            self.fields["address"] = forms.ChoiceField(
                choices=[("", "none"), *named],
                required=False,
                help_text="Whoever runs evalhub names them in EVALHUB_TRACKER_ADDRESSES.",
            )
        if not needs.works_offline:
            del self.fields["is_offline"]


class SendForm(forms.Form):
    to = forms.ChoiceField(choices=Service.choices)
