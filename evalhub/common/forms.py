"""What the forms of every app share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A choice among rows, each named by its uid: no page shows a key, which would count them."""

    def __init__(self, queryset: QuerySet[Any], **options: Any) -> None:  # Any: Django's own
        super().__init__(queryset, to_field_name="uid", **options)


def choose_from(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """Let the field offer `rows`, which are known only once the form is made."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(f"{name} is no choice among rows")
    field.queryset = rows
