"""What a definition says with more than one value, as lines of text that a person can write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms

from evalhub.datasets.augmenting.forms import SlicesField

_SLICES = SlicesField(required=False)


class MomentField(forms.DateTimeField):
    """A day and a time, to the second, in the time zone of whoever reads the page."""

    def __init__(self, *, label: str) -> None:
        widget = forms.DateTimeInput(
            attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
        )
        told = "Day and time, in your time zone. Empty: any."
        super().__init__(required=False, label=label, widget=widget, help_text=told)


class LinesField(forms.CharField):
    """A thing to a line. `write` and `read` are what one is as text; `read` raises ValidationError."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:  # Any: Django's own
        area = forms.Textarea({"rows": rows, "spellcheck": "false"})
        super().__init__(required=False, widget=area, **options)

    def lines(self, value: Any, read: Callable[[str], Any]) -> list[Any]:
        text = super().to_python(value) or ""
        return [read(line.strip()) for line in text.splitlines() if line.strip()]


class WeightsField(LinesField):
    """Like tone = 2: a criterion and what it counts, as a dictionary."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name} = {weight:.12g}" for name, weight in value.items())

    def to_python(self, value: Any) -> Any:
        return dict(self.lines(value, _named_number))


class PartsField(LinesField):
    """Like law: domain=law; in contracts, faq; share 0.51; cap 1000."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(_part_told, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return self.lines(value, _part_read)


class ReplayField(LinesField):
    """Like 0d5c… = 0.2: the uid of a build, and its share."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(f"{each['build']} = {each['share']:.12g}" for each in value)

    def to_python(self, value: Any) -> Any:
        return [
            {"build": build, "share": share} for build, share in self.lines(value, _named_number)
        ]


def _named_number(line: str) -> tuple[str, float]:
    name, is_one, number = (each.strip() for each in line.rpartition("="))
    if not is_one or not name:
        raise forms.ValidationError(f"“{line[:50]}” is not of the form name = number.")
    return name, _number(number, line)


def _number(text: str, line: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise forms.ValidationError(
            f"In “{line[:50]}” {text[:20] or 'nothing'} is no number, as 0.5."
        ) from error


def _part_read(line: str) -> dict[str, Any]:
    name, is_one, rest = (each.strip() for each in line.partition(":"))
    if not is_one or not name:
        raise forms.ValidationError(f"“{line[:50]}” begins with no name and a colon, as law: …")
    part: dict[str, Any] = {"name": name}
    for told in filter(None, (each.strip() for each in rest.split(";"))):
        word, _, value = told.partition(" ")
        if word == "in":
            part["collections"] = [each.strip() for each in value.split(",") if each.strip()]
        elif word == "share":
            part["share"] = _number(value.strip(), line)
        elif word == "cap":
            if not value.strip().isdecimal():
                raise forms.ValidationError(f"In “{line[:50]}” cap takes a whole number.")
            part["cap"] = int(value)
        else:
            part["slices"] = _SLICES.to_python(told)
    return part


def _part_told(part: dict[str, Any]) -> str:
    told = [_SLICES.prepare_value(part["slices"])] if part.get("slices") else []
    if part.get("collections"):
        told.append(f"in {', '.join(part['collections'])}")
    told += [f"{name} {part[name]:.12g}" for name in ("share", "cap") if part.get(name) is not None]
    return f"{part['name']}: {'; '.join(told)}"
