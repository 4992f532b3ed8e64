from __future__ import annotations

from typing import Any

from django import forms

from evalhub.accounts.models import slug_rule
from evalhub.rubrics.drafts import LEAST_POINTS, MOST_POINTS
from evalhub.rubrics.models import Criterion


class RubricForm(forms.Form):
    name = forms.CharField(max_length=100)
    slug = forms.CharField(
        label="Short name",
        max_length=50,
        validators=[slug_rule],
        help_text="For files and the API: lower-case letters, digits and hyphens.",
    )


class GuidelinesForm(forms.Form):
    guidelines = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Markdown, shown beside the form while people judge.",
    )


class CriterionForm(forms.Form):
    name = forms.CharField(max_length=100)
    question = forms.CharField(
        max_length=500, help_text="What the annotator asks themselves of each response."
    )
    anchors = forms.CharField(
        label="What each point means",
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One line per point, the lowest first. The number of lines is the scale.",
    )
    low = forms.IntegerField(label="Lowest point", min_value=-5, max_value=5, initial=1)
    required = forms.BooleanField(label="An answer is required", required=False, initial=True)
    cannot_tell = forms.BooleanField(
        label="“Cannot tell” is an answer", required=False, initial=True
    )

    def clean_anchors(self) -> list[str]:
        text: str = self.cleaned_data["anchors"]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not LEAST_POINTS <= len(lines) <= MOST_POINTS:
            raise forms.ValidationError(
                f"A scale takes {LEAST_POINTS} to {MOST_POINTS} points; this has {len(lines)}."
            )
        return lines


def values_of(criterion: Criterion) -> dict[str, Any]:
    """What the form shows of a criterion; Any, as a form's initial values are of any type."""
    return {
        "name": criterion.name,
        "question": criterion.question,
        "anchors": "\n".join(str(criterion.anchors[str(n)]) for n in criterion.points),
        "low": criterion.low,
        "required": criterion.required,
        "cannot_tell": criterion.cannot_tell,
    }
