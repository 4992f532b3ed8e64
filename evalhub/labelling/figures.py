"""What a run says of its functions, as it is stored with the run and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from evalhub.stats.proportions import Share, wilson


class FunctionFigures(Struct, frozen=True):
    """Of one function in one run; counts are tasks."""

    function: UUID
    name: str
    number: int
    value: int
    votes: int
    overlaps: int  # another function votes as well
    conflicts: int  # another one votes for another value
    accuracy: float | None  # of its votes, as the label model estimates it; None: it has none
    right: int  # as people said
    labelled: int  # of its votes, on tasks that people labelled
    gave_up: int  # texts on which its pattern took too long: no vote
    is_stopped: bool  # it gave up too often: its votes do not count

    @property
    def measured(self) -> Share:
        return wilson(self.right, self.labelled)


class Figures(Struct, frozen=True):
    """Of a run."""

    tasks: int
    covered: int  # with a vote
    proposed: int
    labelled: int  # by people
    right: int  # proposals that are what people said
    compared: int  # proposals on tasks that people labelled
    is_settled: bool  # False: the label model's estimate still moved when it stopped
    functions: list[FunctionFigures]

    @property
    def measured(self) -> Share:
        return wilson(self.right, self.compared)

    def public(self) -> dict[str, Any]:
        """As the API and the command tell it."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        told["measured"] = _share(self.measured)
        for row, each in zip(told["functions"], self.functions, strict=True):
            row["coverage"] = each.votes / self.tasks if self.tasks else None
            row["measured"] = _share(each.measured)
        return told


def figures_from(stored: dict[str, Any]) -> Figures:
    return msgspec.convert(stored, type=Figures)


@dataclass(frozen=True)
class Row:
    """A function as the page lists it; no figures: the newest run did not have it."""

    function: Any  # LabellingFunction
    figures: FunctionFigures | None
    tasks: int

    @property
    def coverage(self) -> float | None:
        return self.figures.votes / self.tasks if self.figures and self.tasks else None

    @property
    def overlap(self) -> float | None:
        return self.figures.overlaps / self.tasks if self.figures and self.tasks else None

    @property
    def conflict(self) -> float | None:
        return self.figures.conflicts / self.tasks if self.figures and self.tasks else None


def _share(share: Share) -> dict[str, float | None]:
    return {"value": share.value, "low": share.low, "high": share.high}
