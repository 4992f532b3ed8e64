from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.campaigns.models import Campaign
from evalhub.common.forms import RowField, choose_from
from evalhub.reports.choices import ExportFormat
from evalhub.rubrics.models import RubricVersion


class WordingForm(forms.Form):
    """Another version of the campaign's rubric, for half of the people."""

    second = RowField(
        RubricVersion.objects.none(),
        label=_("Second wording"),
        required=False,
        empty_label=_("none: everybody is shown the same"),
        help_text=_("A published version with the same criteria, kinds and scales."),
    )

    def __init__(self, data: Any = None, *, campaign: Campaign) -> None:  # Any: a QueryDict
        super().__init__(data, initial={"second": campaign.second_version})
        own = campaign.rubric_version
        others = RubricVersion.objects.filter(rubric=own.rubric_id).exclude(published_at=None)
        choose_from(self, "second", others.exclude(pk=own.pk).select_related("rubric"))


class KeepForm(forms.Form):
    version = RowField(RubricVersion.objects.none())

    def __init__(self, data: Any, *, tried: Sequence[RubricVersion]) -> None:  # Any: a QueryDict
        super().__init__(data)
        rows = RubricVersion.objects.filter(pk__in=[each.pk for each in tried])
        choose_from(self, "version", rows)


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
