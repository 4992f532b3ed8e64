from __future__ import annotations

from typing import Any

import msgspec
from django import forms

from evalhub.labelling.choices import FunctionKind, Of, Part, Unit
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.parameters import Keywords, parameters_of
from evalhub.labelling.patterns import LONGEST
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import Criterion

_PART = forms.ChoiceField(choices=Part.choices, label="Read", initial=Part.LAST_TURN.value)


class FunctionForm(forms.Form):
    """Of one kind; what is beside name and value are its parameters."""

    name = forms.CharField(max_length=100, help_text="As people will read it: “asks for a refund”.")
    value = forms.TypedChoiceField(label="Votes for", coerce=int)

    def __init__(self, data: Any, *, criterion: Criterion, initial: Any = None) -> None:  # Django's
        super().__init__(data, initial=initial)
        field = self.fields["value"]
        if not isinstance(field, forms.TypedChoiceField):
            raise TypeError("the value is a choice")
        field.choices = [(point, criterion.words_for(point)) for point in criterion.points]

    def parameters(self) -> dict[str, Any]:
        """As JSON; a bound that was left open is not there."""
        own = {name: value for name, value in self.cleaned_data.items() if name not in _COMMON}
        return {name: value for name, value in own.items() if value is not None}


class RegexForm(FunctionForm):
    pattern = forms.CharField(
        max_length=LONGEST,
        strip=False,
        widget=forms.TextInput(attrs={"class": "code", "spellcheck": "false"}),
        help_text="A regular expression, found anywhere: refund|money back.",
    )
    ignores_case = forms.BooleanField(
        label="Whatever the case of letters", required=False, initial=True
    )
    part = _PART


class KeywordsForm(FunctionForm):
    words = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One word or phrase on each line; whole words, whatever their case.",
    )
    at_least = forms.IntegerField(
        label="At least so many different ones", min_value=1, max_value=100, initial=1
    )
    part = _PART

    def clean_words(self) -> list[str]:
        lines = self.cleaned_data["words"].splitlines()
        return [line.strip() for line in lines if line.strip()]


class LengthForm(FunctionForm):
    unit = forms.ChoiceField(choices=Unit.choices, label="Count", initial=Unit.WORDS.value)
    at_least = forms.IntegerField(required=False, min_value=0)
    at_most = forms.IntegerField(required=False, min_value=0)
    part = _PART


class CodeForm(FunctionForm):
    part = _PART


class ScoreForm(FunctionForm):
    slice = forms.CharField(
        max_length=100,
        help_text="The slice that holds the number, as an import brought it: toxicity.",
    )
    at_least = forms.FloatField(required=False)
    at_most = forms.FloatField(required=False)


class ModelScoreForm(FunctionForm):
    model = forms.ChoiceField(
        label="Reward model",
        help_text="It has to have scored the answers: start a score run on its page. The web computes none.",
    )
    of = forms.ChoiceField(
        label="Of its scores of a prompt’s answers",
        choices=Of.choices,
        initial=Of.HIGHEST.value,
        help_text="A score by itself has no meaning but among this model’s own; a difference is the logarithm of "
        "the odds that one answer is preferred to the other.",
    )
    at_least = forms.FloatField(required=False)
    at_most = forms.FloatField(required=False)

    def __init__(self, data: Any, *, criterion: Criterion, initial: Any = None) -> None:  # Django's
        super().__init__(data, criterion=criterion, initial=initial)
        models = LanguageModel.objects.of_workspace(criterion.version.rubric.workspace)
        rewards = models.filter(kind=ModelKind.REWARD).order_by("name", "pk")
        field = self.fields["model"]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError("the model is a choice")
        field.choices = [(str(each.uid), each.name) for each in rewards]


FORMS: dict[FunctionKind, type[FunctionForm]] = {
    FunctionKind.REGEX: RegexForm,
    FunctionKind.KEYWORDS: KeywordsForm,
    FunctionKind.LENGTH: LengthForm,
    FunctionKind.CODE: CodeForm,
    FunctionKind.SCORE: ScoreForm,
    FunctionKind.MODEL_SCORE: ModelScoreForm,
}
_COMMON = ("name", "value")


def written_in(function: LabellingFunction) -> dict[str, Any]:
    """A function as its form shows it; what was left out is what it stands for."""
    parameters = parameters_of(function.kind, function.parameters)
    shown = {"name": function.name, "value": function.value, **msgspec.to_builtins(parameters)}
    if isinstance(parameters, Keywords):
        shown["words"] = "\n".join(parameters.words)
    return shown
