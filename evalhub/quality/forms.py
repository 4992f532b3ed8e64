from __future__ import annotations

from typing import Any

from django import forms
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from evalhub.quality.choices import Cause, Measure


class AlertsForm(forms.Form):
    """A bound for each measure; an empty one is not watched."""

    agreement = forms.FloatField(
        label=_("Tell us when two judgments of a task are less alike than"),
        required=False,
        min_value=0,
        max_value=1,
        help_text=_("From 0, by chance, to 1, the same: the intraclass correlation."),
    )
    flags = forms.FloatField(
        label=_("… when flags per 100 judgments are more than"),
        required=False,
        min_value=0,
        max_value=1000,
    )
    pace = forms.FloatField(
        label=_("… when the judgments of the last 24 hours are fewer than"),
        required=False,
        min_value=0,
        max_value=10_000_000,
    )

    def bounds(self) -> dict[Measure, float | None]:
        return {measure: self.cleaned_data[measure.value] for measure in Measure}


class SurenessForm(forms.Form):
    """Which part of a campaign's consensus is shown."""

    question = forms.ChoiceField(label=_("Question"), required=False)
    below = forms.FloatField(
        label=_("Less sure than, 0 to 1"),
        required=False,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "any", "size": 6}),
    )

    def __init__(self, data: Any, *, questions: list[tuple[str, str]]) -> None:  # Django's own
        super().__init__(data)
        field = self.fields["question"]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError("question is no choice")
        field.choices = [("", _("all")), *questions]

    def asked(self) -> dict[str, Any]:  # what `least_sure` takes
        return {name: self.cleaned_data[name] for name in ("question", "below")}

    def query(self) -> str:
        """The filter as the URL carries it."""
        given = {name: self.data.get(name, "") for name in self.fields}
        return urlencode({name: value for name, value in given.items() if value})


class AdjudicationForm(forms.Form):
    """What a verdict has beside its answers; the fields stand outside of the form that sends them."""

    verdict_cause = forms.ChoiceField(
        label=_("Why people disagreed"), choices=[("", "–"), *Cause.choices]
    )
    verdict_note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For other leads: what decided it, or what the guidelines should say."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Django's own types
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["form"] = "sheet"


class ExclusionForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("They read this, and it stands in the audit log."),
    )
    asks_others = forms.BooleanField(
        label=_("Ask others in their place: one judgment more on each of their tasks"),
        required=False,
    )
