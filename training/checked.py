"""Dataclasses that refuse what they do not know: the files of the seam, and the options in them.

Standard library only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints


class ContractError(ValueError):
    """A file of the run directory does not have the agreed form."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A dataclass that refuses values of the wrong type and fields it does not know."""

    def __post_init__(self) -> None:
        # mypy looks for the hash of the instances: of the class, as every class, there is one
        kinds = _kinds(type(self))  # type: ignore[arg-type]
        for each in fields(self):
            value = getattr(self, each.name)
            if not _fits(value, kinds[each.name]):
                raise ContractError(f"{each.name} cannot be {value!r}")

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Raise ContractError for a strange field, a missing one or a wrong type."""
        known = {each.name for each in fields(cls)}
        if strange := sorted(set(values) - known):
            raise ContractError(
                f"unknown field {', '.join(strange)}; known are {', '.join(sorted(known))}"
            )
        try:
            return cls(**values)
        except TypeError as error:
            raise ContractError(str(error)) from error


Rule = tuple[str, str, bool]  # name of the option, what it must be, whether it is


@dataclass(frozen=True, kw_only=True)
class Options(Checked):
    """Their types are checked when they are made; `faults` looks at the values."""

    @classmethod
    def usual(cls, values: dict[str, Any]) -> dict[str, Any]:
        """What each option is where `values` does not name it."""
        return asdict(cls())

    def faults(self) -> list[str]:
        """What no run could mean, each naming its option; empty when all is well."""
        return [
            f"{name} is {getattr(self, name)}, but must be {what}"
            for name, what, holds in self._rules()
            if not holds
        ]

    def _rules(self) -> list[Rule]:
        return []


@cache  # working them out costs more than all else, and a run tells of each step
def _kinds(checked: type[Checked]) -> dict[str, Any]:
    return get_type_hints(checked)


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in inner
    if origin is dict:
        return isinstance(value, dict) and all(
            _fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items()
        )
    if origin is list:
        return isinstance(value, list) and all(_fits(each, inner[0]) for each in value)
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind  # True is not an int here
