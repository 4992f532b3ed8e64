"""What a worker says of its trainer, checked: pages show it, so it must be what a trainer of ours writes."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Literal

import msgspec

from evalhub.remote.errors import UnfitReport
from training.contract import ContractError, Event, RunResult
from training.names import SHA256, is_artifact

MOST_EVENTS = 500
MOST_DEPTH = 20
MOST_FILES = 2_000
LONGEST_ERROR = 4_000

Number = int | float | None
Figures = dict[str, Number]


class _Progress(msgspec.Struct):
    done: int
    total: int
    note: str


class _Finding(msgspec.Struct):
    code: str
    level: Literal["stops", "caution", "note"]
    when: Literal["before", "while", "after"]
    words: str
    told: str
    remedy: str
    step: int


class _Checkpoint(msgspec.Struct):
    step: int
    path: str


class _Sample(msgspec.Struct):
    step: int
    prompt: str
    content: str


class _Span(msgspec.Struct):
    kind: str
    text: str


class _Piece(msgspec.Struct):
    name: str
    does: str
    tokens: int
    spans: list[_Span]


class _Preview(msgspec.Struct):
    row: str
    number: int
    tokens: int
    learnt: int
    pieces: list[_Piece]


class _Forecast(msgspec.Struct):
    seconds: float
    hardware: str
    peak_bytes: Number
    memory_bytes: Number
    batch_rows: int
    batch_tokens: int


class _Slice(msgspec.Struct):
    slice: str
    rows: int
    before: float
    after: float
    rise: float
    is_forgotten: bool
    low: float | None
    high: float | None


class _Probe(msgspec.Struct):
    slices: list[_Slice]


class _Metrics(msgspec.Struct):
    step: float


_BODIES: dict[str, type[Any]] = {
    "progress": _Progress,
    "finding": _Finding,
    "checkpoint": _Checkpoint,
    "sample": _Sample,
    "preview": _Preview,
    "forecast": _Forecast,
    "probe": _Probe,
    "metrics": _Metrics,
}


def events_of(sent: list[dict[str, Any]]) -> list[Event]:
    """Raise UnfitReport for a line that no trainer of ours writes."""
    try:
        events = [Event.of(storable(each)) for each in sent]
        for event in events:
            _demand(event)
    except (ContractError, msgspec.ValidationError, ValueError) as error:
        raise UnfitReport(f"An event cannot be read: {error}.") from error
    return events


def result_of(sent: dict[str, Any], files: dict[str, str]) -> RunResult:
    """How the worker says that the run ended; `files` are those it sent, the log besides the artifacts.

    Raises:
        UnfitReport: it is no result, or names files that a run does not leave.
    """
    try:
        result = RunResult.of(storable(sent))
        # what a page shows of it is flat but for the versions of libraries
        msgspec.convert(result.metrics, Figures)
    except (ContractError, msgspec.ValidationError, ValueError) as error:
        raise UnfitReport(f"The result cannot be read: {error}.") from error
    if len(result.error) > LONGEST_ERROR or len(files) > MOST_FILES:
        raise UnfitReport("The result is longer than any that a trainer of ours writes.")
    if any(files.get(path) != sha256 for path, sha256 in result.artifacts.items()):
        raise UnfitReport("The result names files that were not sent with it.")
    demand_names(files, is_artifact)
    return result


def demand_names(files: dict[str, str], fits: Any) -> None:  # Any: a function of training.names
    for path, sha256 in files.items():
        if not fits(path) or not SHA256.fullmatch(sha256):
            raise UnfitReport(f"{path[:200]!r} is not what a run leaves.", field=path[:200])


def storable(value: Any, depth: int = 0) -> Any:  # JSON of any shape
    """The same as the database can hold it: no NUL in a text, and what is not finite is missing.

    Raises:
        UnfitReport: it is nested deeper than anything of ours.
    """
    if depth > MOST_DEPTH:
        raise UnfitReport("The body is nested too deep.")
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [storable(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {storable(name): storable(each, depth + 1) for name, each in value.items()}
    return value


def _demand(event: Event) -> None:
    if not 0 < event.n < 2**31 or datetime.fromisoformat(event.at).tzinfo is None:
        raise UnfitReport(f"Event {event.n} has no number or no time.")
    msgspec.convert(event.body, _BODIES[event.kind])
    if event.kind == "metrics":
        msgspec.convert(event.body, Figures)
    if event.kind == "progress" and not (
        0 <= event.body["done"] < 2**62 > event.body["total"] >= 0
    ):
        raise UnfitReport("An event tells of progress that cannot be.")
