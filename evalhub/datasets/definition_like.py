"""A definition as what a form begins with, so that a new dataset can say what another one says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django import forms

from evalhub.datasets.definition import SCORED

_LINES = ("weights", "parts", "replay", "slices")  # each written as lines of text


def initial_of(definition: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """What a form of these `fields` begins with, to say the same as `definition`, as far as it can."""
    initial = {name: value for name, value in definition.items() if name in fields}
    for name in ("judged_from", "judged_before"):
        if moment := definition.get(name):
            initial[name] = datetime.fromisoformat(moment)
    best = definition.get("best_of")
    return initial | {
        "red_team": definition.get("red_team") or "",
        "best_of": best["model"] if best else "",
        "best_of_answers": best["answers"] if best else SCORED,
        "near_duplicates": "" if definition.get("near_duplicates", True) else "no",
        "max_tokens": definition.get("max_tokens") or None,
    }


def unsaid_of(
    definition: dict[str, Any], fields: Mapping[str, forms.Field], initial: Mapping[str, Any]
) -> list[str]:
    """The fields of `definition` of which a form of these `fields`, begun with `initial`, says less than it does."""
    unsaid = [name for name in _LINES if not _is_said(definition.get(name), fields[name])]
    unsaid += [name for name, field in fields.items() if not _is_a_choice(initial.get(name), field)]
    unsaid += [
        name for name in ("evidence", "sources") if definition.get(name) == []
    ]  # nothing at all
    for name in ("judged_from", "judged_before"):
        moment = definition.get(name)
        if moment and datetime.fromisoformat(moment).microsecond:  # its field has seconds
            unsaid.append(name)
    ways = definition.get("augment", [])
    if len({way["by"] for way in ways}) < len(ways):
        unsaid.append("augment")
    return unsaid


def loses_nothing(form: forms.Form) -> bool:
    """Whether each value that `form` begins with is sent back by a browser."""
    return all(_is_a_choice(form.initial.get(name), field) for name, field in form.fields.items())


def _is_a_choice(value: Any, field: forms.Field) -> bool:
    """Whether a browser sends the value back: a group that nobody is in any more, or a campaign that is gone, is
    none of the choices, and without it the dataset would be of everybody.
    """
    if not isinstance(field, forms.ChoiceField) or not value:
        return True
    values = value if isinstance(value, list) else [value]
    return all(field.valid_value(str(each)) for each in values)


def _is_said(value: Any, field: forms.Field) -> bool:
    """Whether the text that a field shows for the value is read as the same; names may hold its marks."""
    if not value:
        return True
    try:
        read = field.clean(field.prepare_value(value))
    except forms.ValidationError:
        return False
    kept = [_plain(each) for each in value] if isinstance(value, list) else value
    return bool(read == kept)


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """Without what stands at its default."""
    return {name: value for name, value in part.items() if value not in (None, [], {})}
