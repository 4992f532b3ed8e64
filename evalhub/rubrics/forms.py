from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import slug_rule
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind
from evalhub.rubrics.naming import Named, lines_of, named_from


class RubricForm(forms.Form):
    name = forms.CharField(max_length=100)
    slug = forms.CharField(
        label="Short name",
        max_length=50,
        validators=[slug_rule],
        help_text="For files and the API: lower-case letters, digits and hyphens.",
    )


def _names(label: Any, help_text: Any) -> forms.CharField:  # `Any`: lazy translations
    return forms.CharField(
        label=label,
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=help_text,
    )


class GuidelinesForm(forms.Form):
    guidelines = forms.CharField(
        label=_("Guidelines"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown, shown beside the form while people judge."),
    )
    error_types = _names(
        _("Error types"),
        _("What can be wrong with a marked passage, one a line: “Name: what it means”."),
    )
    severities = _names(_("Severities"), _("How bad it is, one a line, in the same way."))

    def clean_error_types(self) -> list[Named]:
        return _named(self.cleaned_data["error_types"])

    def clean_severities(self) -> list[Named]:
        return _named(self.cleaned_data["severities"])


def _named(text: str) -> list[Named]:
    try:
        return named_from(text)
    except UnfitRubric as error:
        raise forms.ValidationError(str(error)) from error


class CriterionForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    question = forms.CharField(
        label=_("Question"),
        max_length=500,
        help_text=_("What the annotator asks themselves of each response."),
    )
    kind = forms.ChoiceField(
        label=_("Answered by"),
        choices=ScaleKind.choices,
        widget=forms.RadioSelect,
        initial=ScaleKind.SCALE,
    )
    anchors = forms.CharField(
        label=_("What each point means"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_(
            "Of a scale: one line per point, the lowest first; the number of lines is the scale. "
            "Of a choice: one option a line. Of yes or no: nothing, or what no means and, on a "
            "second line, what yes means."
        ),
    )
    low = forms.IntegerField(
        label=_("Lowest point"), min_value=-5, max_value=5, initial=1, help_text=_("Of a scale.")
    )
    required = forms.BooleanField(label=_("An answer is required"), required=False, initial=True)
    cannot_tell = forms.BooleanField(
        label=_("“Cannot tell” is an answer"), required=False, initial=True
    )
    asks_comment = forms.BooleanField(label=_("Room for a word beside the answer"), required=False)

    def clean_anchors(self) -> list[str]:
        text: str = self.cleaned_data["anchors"]
        return [line.strip() for line in text.splitlines() if line.strip()]


def values_of(criterion: Criterion) -> dict[str, Any]:
    """What the form shows of a criterion; Any, as a form's initial values are of any type."""
    words = [str(criterion.anchors.get(str(n), "")) for n in criterion.points]
    return {
        "name": criterion.name,
        "question": criterion.question,
        "kind": criterion.kind,
        "anchors": "\n".join(words).strip(),
        "low": criterion.low,
        "required": criterion.required,
        "cannot_tell": criterion.cannot_tell,
        "asks_comment": criterion.asks_comment,
    }


def wording_of(version: RubricVersion) -> dict[str, str]:
    return {
        "guidelines": version.guidelines,
        "error_types": lines_of(version.error_types),
        "severities": lines_of(version.severities),
    }
