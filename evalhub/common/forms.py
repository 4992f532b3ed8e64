"""What the forms of every app share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A choice among rows, each named by its uid: no page shows a key, which would count them."""

    def __init__(self, queryset: QuerySet[Any], **options: Any) -> None:  # Any: Django's own
        super().__init__(queryset, to_field_name="uid", **options)


class WordsField(forms.CharField):
    """Words between commas, as a list in order, each once and in small letters."""

    WORDS, LETTERS = 50, 50

    def __init__(self, **options: Any) -> None:  # Any: Django's own
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return sorted(
            {word for each in text.split(",") if (word := " ".join(each.split()).lower())}
        )

    def validate(self, value: Any) -> None:
        if len(value) > self.WORDS or any(len(word) > self.LETTERS for word in value):
            told = _("At most %(words)s words of %(letters)s letters, with commas between them.")
            raise forms.ValidationError(told % {"words": self.WORDS, "letters": self.LETTERS})


def tell_words(form: forms.Form, words: Mapping[str, Sequence[str]]) -> None:
    """Say beside each field of words which ones there are already, so that nobody mistypes one."""
    for name, known in words.items():
        if known and name in form.fields:
            field = form.fields[name]
            told = _("There are: %(words)s.") % {"words": ", ".join(known)}
            field.help_text = f"{field.help_text} {told}"


class NumbersField(forms.CharField):
    """Numbers between spaces, as a list in the order of the text, each once."""

    NUMBERS = 20

    def __init__(self, **options: Any) -> None:  # Any: Django's own
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return " ".join(f"{each:g}" for each in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = (super().to_python(value) or "").split()
        try:
            numbers = list(dict.fromkeys(float(word) for word in words))
        except ValueError:
            numbers = [nan]
        if not all(map(isfinite, numbers)):
            raise forms.ValidationError(_("Numbers with a point, as 0.7, and spaces between them."))
        return numbers

    def validate(self, value: Any) -> None:
        if len(value) > self.NUMBERS:
            told = _("At most %(numbers)s numbers.")
            raise forms.ValidationError(told % {"numbers": self.NUMBERS})


def choose_from(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """Let the field offer `rows`, which are known only once the form is made."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(f"{name} is no choice among rows")
    field.queryset = rows
