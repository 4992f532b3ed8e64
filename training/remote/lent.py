"""What evalhub lends, checked before anything is done with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from training.checked import Checked, ContractError

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
Files = dict[str, dict[str, Any]]  # {"sha256", "bytes"} by path


@dataclass(frozen=True, kw_only=True)
class Lent(Checked):
    """A run, for as long as the lease is renewed. `base`: {"name", "digest", "files"}, or empty; `is_taught`:
    it learns from another model, on the same base unless `teacher_base` or the spec's teacher names another.
    """

    run: str
    attempt: int
    lease_seconds: int
    spec: dict[str, Any]
    base: dict[str, Any]
    files: dict[str, dict[str, Any]]
    checkpoints: list[dict[str, Any]]
    teacher_base: dict[str, Any] = field(default_factory=dict)
    is_taught: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        listed = [self.files, *(each.get("files") for each in self.checkpoints)]
        if not _UID.fullmatch(self.run) or self.lease_seconds < 1 or not all(map(_names, listed)):
            raise ContractError("a run, its lease or its files are not told as they should be")
        if not all(isinstance(each.get("name"), str) for each in self.checkpoints):
            raise ContractError("a checkpoint has no name")
        if not all(_is_base(each) for each in (self.base, self.teacher_base) if each):
            raise ContractError("the base model is not told as it should be")


def _names(files: Any) -> bool:
    return isinstance(files, dict) and all(
        isinstance(each, dict)
        and isinstance(each.get("sha256"), str)
        and type(each.get("bytes")) is int
        for each in files.values()
    )


def _is_base(base: dict[str, Any]) -> bool:
    files = base.get("files")
    return (
        isinstance(base.get("name"), str)
        and isinstance(base.get("digest"), str)
        and isinstance(files, dict)
        and all(type(size) is int for size in files.values())
    )
