"""What the API is sent; msgspec checks the shape."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from evalhub.campaigns.errors import MalformedCall
from evalhub.labelling.choices import FunctionKind

Uids = Annotated[list[UUID], Meta(max_length=50)]
Body = TypeVar("Body")


class ChangedFunction(Struct, forbid_unknown_fields=True, frozen=True):
    value: int
    parameters: dict[str, Any]  # JSON; see labelling.parameters


class NewFunction(Struct, forbid_unknown_fields=True, frozen=True):
    criterion: str
    name: Annotated[str, Meta(max_length=100)]
    value: int
    kind: FunctionKind
    parameters: dict[str, Any]

    def as_asked(self) -> dict[str, Any]:
        """All but the criterion, as `add_function` takes it."""
        return {name: getattr(self, name) for name in ("name", "value", "kind", "parameters")}


class NewRun(Struct, forbid_unknown_fields=True, frozen=True):
    criterion: str


class Decisions(Struct, forbid_unknown_fields=True, frozen=True):
    """Tasks whose proposals are right, and whose are wrong."""

    criterion: str
    confirm: Uids = []
    reject: Uids = []


def parsed(raw: bytes, shape: type[Body]) -> Body:
    """The body, or MalformedCall in msgspec's words."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # of which a wrong shape is one
        raise MalformedCall(f"{error}.") from error
