from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evalhub.links.choices import PARAMETERS, Parameters, Platform
from evalhub.links.models import parameter_rule


class LinkForm(forms.Form):
    """What every kind of link has."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    ends_at = forms.DateTimeField(
        label=_("Works until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("In your time zone. Empty: until you revoke it."),
    )

    def clean_ends_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["ends_at"]
        if moment is not None and moment <= timezone.now():
            raise forms.ValidationError(_("This moment is over; choose a later one, or none."))
        return moment


class JoinLinkForm(LinkForm):
    platform = forms.ChoiceField(label=_("Platform"), choices=Platform.choices)
    tasks = forms.IntegerField(label=_("Tasks for each person"), min_value=1, max_value=10_000)
    most_people = forms.IntegerField(label=_("Most people"), min_value=1, max_value=100_000)
    completion_code = forms.CharField(
        label=_("Completion code"),
        max_length=100,
        help_text=_("As the platform gave it to you. People see it when they are done."),
    )
    person_parameter = forms.CharField(
        label=_("Name of the person’s id in the address"),
        max_length=40,
        required=False,
        validators=[parameter_rule],
        help_text=_("These three are empty where the platform’s usual names are right."),
    )
    study_parameter = forms.CharField(
        label=_("Name of the study"), max_length=40, required=False, validators=[parameter_rule]
    )
    session_parameter = forms.CharField(
        label=_("Name of the session"), max_length=40, required=False, validators=[parameter_rule]
    )

    def clean(self) -> dict[str, Any]:  # Any: Django's own
        cleaned: dict[str, Any] = super().clean() or {}
        names = [cleaned.pop(f"{name}_parameter", "") for name in Parameters._fields]
        if not self.errors:
            usual = PARAMETERS[Platform(cleaned["platform"])]
            chosen = [mine or theirs for mine, theirs in zip(names, usual, strict=True)]
            cleaned["parameters"] = Parameters(*chosen)
        return cleaned


class JoinForm(forms.Form):
    """Who comes, where the address does not say it, and whether they agree."""

    external_id = forms.CharField(label=_("Your id on the platform"), max_length=200)
    agrees = forms.BooleanField(label=_("I agree."))

    def __init__(self, *args: Any, asks_id: bool, asks_consent: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # Any: Django's own
        if not asks_id:
            del self.fields["external_id"]
        if not asks_consent:
            del self.fields["agrees"]
