"""The part of a dataset's form that says how rows are cleaned."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from evalhub.datasets.cleaning.options import Cleaning

_DEFAULTS = Cleaning()
_CODE = re.compile(r"[a-z]{2}")
_ACTS = [("report", "report it"), ("leave_out", "leave the row out"), ("off", "do not look")]


class ChosenField(forms.ChoiceField):
    """A choice that has a default: a form that lacks it asks for that."""

    def clean(self, value: Any) -> Any:  # Any: Django's own
        return super().clean(value or self.initial)


def _mend(label: str, help_text: str) -> ChosenField:
    choices = [("yes", "mend it"), ("no", "leave it as it is")]
    return ChosenField(label=label, help_text=help_text, choices=choices, initial="yes")


def _act(name: str, label: str, help_text: str) -> ChosenField:
    initial = getattr(_DEFAULTS, name)
    return ChosenField(label=label, help_text=help_text, choices=_ACTS, initial=initial)


class LinesField(forms.CharField):
    """A list, one to a line."""

    def __init__(self, **options: Any) -> None:  # Any: Django's own
        super().__init__(required=False, widget=forms.Textarea({"rows": 3}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").splitlines()
        return [" ".join(line.split())[:100] for line in lines if line.strip()]


class ListedField(forms.CharField):
    """A list in one line, with commas between."""

    def __init__(self, **options: Any) -> None:  # Any: Django's own
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class CodesField(ListedField):
    """Languages by their two letters, between commas or spaces."""

    def to_python(self, value: Any) -> Any:
        return re.findall(r"[^\s,]+", (super().to_python(value) or "").lower())

    def validate(self, value: Any) -> None:
        if strange := [each for each in value if not _CODE.fullmatch(each)]:
            raise forms.ValidationError(f"Two letters for each language, not “{strange[0]}”.")


class EntitiesField(ListedField):
    """Presidio's names, between commas or spaces."""

    def to_python(self, value: Any) -> Any:
        return re.findall(r"[^\s,]+", (super().to_python(value) or "").upper())


class ModelsField(forms.CharField):
    """Like en=en_core_web_sm, de=de_core_news_sm: one model for each language."""

    def __init__(self, **options: Any) -> None:  # Any: Django's own
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return ", ".join(f"{code}={model}" for code, model in value.items())

    def to_python(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for word in re.findall(r"[^\s,]+", super().to_python(value) or ""):
            code, _, model = word.partition("=")
            if not _CODE.fullmatch(code) or not model:
                raise forms.ValidationError(f"“{word}” is not of the form en=en_core_web_sm.")
            found[code] = model
        return found


class CleaningForm(forms.Form):
    unicode = _mend("Wrong encoding", "Ã¼ becomes ü. Code is kept.")
    white_space = _mend("White space", "At ends of lines, odd spaces, many blank lines.")
    control_tokens = _mend("Marks of chat templates", "<|im_end|> becomes ⟨|im_end|⟩.")
    refused = _act("refused", "Refusals", "A short answer that begins by declining.")
    truncated = _act("truncated", "Answers that stop short", "At a length limit, or unfinished.")
    off_topic = _act("off_topic", "Off topic", "An answer that shares no word with its prompt.")
    languages = CodesField(
        label="Languages", help_text="As in: en, de. Empty: any; then nobody looks."
    )
    language = _act("language", "Texts in other languages", "Where languages are named above.")
    outliers = _act("outliers", "Very short and very long", "Against the other texts of the build.")
    outliers_at = forms.FloatField(
        label="Deviations from the median",
        min_value=2,
        initial=_DEFAULTS.outliers_at,
        required=False,
        help_text="Of the logarithm of the length.",
    )
    personal = ChosenField(
        label="Personal data",
        choices=[*_ACTS[:1], ("mask", "mask it, as [EMAIL]"), *_ACTS[1:]],
        initial=_DEFAULTS.personal,
        help_text="E-mail, phone, card, IBAN, IP addresses, keys.",
    )
    entities = EntitiesField(
        label="Names, places and the like",
        help_text="As Presidio names them: PERSON, LOCATION. Empty: nobody looks.",
    )
    entity_models = ModelsField(
        label="spaCy models for them",
        help_text="By language: en=en_core_web_sm, de=de_core_news_sm. Patterns need none.",
    )
    entities_from = forms.FloatField(
        label="How sure Presidio has to be",
        min_value=0,
        max_value=1,
        initial=_DEFAULTS.entities_from,
        required=False,
    )
    unsafe = _act("unsafe", "Unsafe words", "Of a short list, and of your own.")
    unsafe_words = LinesField(label="Your own unsafe words", help_text="One word or phrase a line.")
    unsafe_checks = LinesField(
        label="Plug-ins for unsafe text", help_text="Names of installed entry points, one a line."
    )
    safety_criterion = forms.SlugField(
        required=False,
        label="Criterion of safety",
        help_text="Rows whose answer people rate below the least mean are left out.",
    )
    min_safety = forms.FloatField(
        label="Least mean safety",
        min_value=1,
        max_value=5,
        initial=_DEFAULTS.min_safety,
        required=False,
    )
    near_duplicates = _act(
        "near_duplicates", "Nearly the same rows", "The best supported of each cluster stays."
    )
    contradictions = _act(
        "contradictions", "Contradictions", "A before B here, B before A there: the lighter side."
    )
    cycles = _act("cycles", "Cycles", "A before B before C before A: the lightest of them.")
    normalise = forms.MultipleChoiceField(
        required=False,
        label="Write in one form",
        choices=[
            ("dates", "dates, as 2025-04-03"),
            ("numbers", "numbers, as 1234.5"),
            ("abbreviations", "abbreviations in full"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    reading = ChosenField(
        label="Read dates and numbers as",
        choices=[("en", "English"), ("de", "German")],
        initial=_DEFAULTS.reading,
    )
    spelling = forms.ChoiceField(
        required=False,
        label="Propose spellings",
        choices=[("", "no"), ("en", "in English"), ("de", "in German")],
        help_text="A person accepts each of them before anything is corrected.",
    )

    MENDS = ("unicode", "white_space", "control_tokens")

    def options(self) -> dict[str, Any]:
        """What a definition has under `cleaning`."""
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return given | {name: given[name] == "yes" for name in self.MENDS}

    @classmethod
    def initial_of(cls, options: dict[str, Any]) -> dict[str, Any]:
        """What the form begins with, to say the same as a definition's `cleaning`."""
        mends = {name: "yes" if options[name] else "no" for name in cls.MENDS if name in options}
        return options | mends
