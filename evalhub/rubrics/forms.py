from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import slug_rule
from evalhub.rubrics.document import MOST_BYTES, Document, read_document
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind
from evalhub.rubrics.naming import Named, lines_of, named_from
from evalhub.rubrics.shipped import SINGLE, WHOLE, template
from evalhub.rubrics.wording import LEAST_NUMBER, MOST_NUMBER, MOST_POINTS, NO_EXAMPLE, Wording


class RubricForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    slug = forms.CharField(
        label=_("Short name"),
        max_length=50,
        validators=[slug_rule],
        help_text=_("For files and the API: lower-case letters, digits and hyphens."),
    )
    template = forms.ChoiceField(
        label=_("Begin with"),
        required=False,
        choices=[
            ("", _("nothing: an empty draft")),
            (_("A rubric that comes with evalhub"), list(WHOLE.items())),
            (_("A single criterion"), list(SINGLE.items())),
        ],
    )
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        help_text=_("JSON, as a rubric’s page gives it for download."),
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("template") and told.get("file"):
            self.add_error("file", _("Choose a template or a file, not both."))
        return told

    def document(self) -> Document | None:
        """What the rubric begins with. Raise UnfitRubric for a file that is no rubric."""
        if upload := self.cleaned_data["file"]:
            return read_document(upload.read(MOST_BYTES + 1))
        name = self.cleaned_data["template"]
        return template(name) if name else None


class TemplateForm(forms.Form):
    template = forms.ChoiceField(
        label=_("Criteria of a template"),
        choices=[
            (_("A single criterion"), list(SINGLE.items())),
            (_("A rubric that comes with evalhub"), list(WHOLE.items())),
        ],
    )

    def document(self) -> Document:
        return template(self.cleaned_data["template"])


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


def _lines(label: Any, help_text: Any) -> forms.CharField:  # `Any`: lazy translations
    return forms.CharField(
        label=label,
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=help_text,
    )


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
    anchors = _lines(
        _("What each point means"),
        _(
            "Of a scale: one line per point, the lowest first; the number of lines is the scale. "
            "Of a choice: one option a line. Of yes or no: nothing, or what no means and, on a "
            "second line, what yes means."
        ),
    )
    examples = _lines(
        _("An example of each point"),
        _("One line per point in the same order, “-” for a point without one. Optional."),
    )
    low = forms.IntegerField(
        label=_("Lowest"),
        min_value=LEAST_NUMBER,
        max_value=MOST_NUMBER,
        initial=1,
        help_text=_("Of a scale or a number."),
    )
    high = forms.IntegerField(
        label=_("Highest"),
        min_value=LEAST_NUMBER,
        max_value=MOST_NUMBER,
        required=False,
        help_text=_("Of a number."),
    )
    true_zero = forms.BooleanField(
        label=_("0 means none, and 10 is twice as much as 5"),
        required=False,
        help_text=_(
            "Of a number that counts or measures, from 0 up. Agreement then goes by how far two "
            "numbers are apart for their size."
        ),
    )
    required = forms.BooleanField(label=_("An answer is required"), required=False, initial=True)
    cannot_tell = forms.BooleanField(
        label=_("“Cannot tell” is an answer"), required=False, initial=True
    )
    asks_comment = forms.BooleanField(label=_("Room for a word beside the answer"), required=False)
    asked_if = forms.MultipleChoiceField(
        label=_("Asked only where"),
        required=False,
        help_text=_("Answers of one earlier criterion. None chosen: it is always asked."),
    )
    weight = forms.IntegerField(
        label=_("Weight"),
        min_value=0,
        max_value=100,
        initial=1,
        required=False,
        help_text=_("In a mean over several criteria; 0 keeps it out of them."),
    )

    def __init__(self, *args: Any, earlier: Sequence[Criterion] = (), **more: Any) -> None:
        """`Any`: what a form takes. `earlier` are the criteria that this one may hang on."""
        super().__init__(*args, **more)
        self.fields["asked_if"].choices = [  # type: ignore[attr-defined]  # a choice field's
            (each.name, [(f"{each.slug}={point}", text) for point, text in _answers(each)])
            for each in earlier
            if each.has_points
        ]

    def clean_anchors(self) -> list[str]:
        return _lines_in(self.cleaned_data["anchors"])

    def clean_examples(self) -> list[str]:
        return _lines_in(self.cleaned_data["examples"])

    def clean_asked_if(self) -> list[tuple[str, int]]:
        pairs = [each.rpartition("=") for each in self.cleaned_data["asked_if"]]
        if len({slug for slug, _sign, _point in pairs}) > 1:
            raise forms.ValidationError(_("Choose answers of one criterion alone."))
        return [(slug, int(point)) for slug, _sign, point in pairs]

    def clean_weight(self) -> int:
        weight: int | None = self.cleaned_data["weight"]
        return 1 if weight is None else weight

    def wording(self) -> Wording:
        """What was typed, once it is valid."""
        told = dict(self.cleaned_data)
        pairs = told.pop("asked_if")
        told["asked_if"] = pairs[0][0] if pairs else ""
        told["asked_if_values"] = [point for _slug, point in pairs]
        return cast("Wording", told)  # the fields above are its keys


def _lines_in(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _answers(criterion: Criterion) -> list[tuple[int, str]]:
    words = [(point, criterion.words_for(point)) for point in criterion.points]
    if criterion.kind != ScaleKind.SCALE:
        return words
    return [(point, f"{word}: {criterion.anchors.get(word, '')}") for point, word in words]


def values_of(criterion: Criterion) -> dict[str, Any]:
    """What the form shows of a criterion; Any, as a form's initial values are of any type."""
    words = [str(criterion.anchors.get(str(n), "")) for n in criterion.points[:MOST_POINTS]]
    examples = [criterion.examples.get(str(n), NO_EXAMPLE) for n in criterion.points[:MOST_POINTS]]
    names = ("name", "question", "kind", "low", "true_zero", "required", "cannot_tell",
             "asks_comment", "weight")  # fmt: skip
    return {name: getattr(criterion, name) for name in names} | {
        "anchors": "\n".join(words).strip(),
        "examples": "\n".join(examples) if criterion.examples else "",
        "high": criterion.high if criterion.kind == ScaleKind.NUMBER else None,
        "asked_if": [f"{criterion.asked_if}={each}" for each in criterion.asked_if_values],
    }


def wording_of(version: RubricVersion) -> dict[str, str]:
    return {
        "guidelines": version.guidelines,
        "error_types": lines_of(version.error_types),
        "severities": lines_of(version.severities),
    }
