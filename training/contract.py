"""The seam: what crosses between the web side and the torch side, as files.

Standard library only. Both sides import this module; neither imports the other. What each recipe may
be told stands in training.options and is offered here. A run directory holds

    spec.json              what to do, written once by the web side
    inputs/                the files that the spec names
    lock                   flock'ed by the trainer before it writes anything
    attempts/<n>/          n is the fencing token of the Job; evalhub believes only its own n
        events.jsonl       numbered lines: progress, metrics, findings, checkpoints
        result.json        written last: it exists = the attempt ended by itself
        log.txt            stdout and stderr
    checkpoints/step-…/    renamed into place whole, each with manifest.json written last
    artifacts/             adapters, predictions, per-row values
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

from training.checked import Checked, ContractError, Options
from training.judged_options import DpoOptions, KtoOptions, RewardOptions, RlooOptions
from training.options import (
    OPTIONS,
    CheckServedOptions,
    EvaluateOptions,
    GenerateOptions,
    MeasureOptions,
    MergeOptions,
    NoopOptions,
    ScoreOptions,
)
from training.train_options import SftOptions, TextOptions, TrainOptions

__all__ = [
    "ATTEMPT_VARIABLE", "ENDPOINT_KEY_VARIABLE", "EXIT_FAILED", "EXIT_INTERRUPTED", "EXIT_LOCKED", "EXIT_SUCCEEDED",
    "LIFELINE_VARIABLE", "OPTIONS", "OVER_BUDGET", "PRIVATE_VARIABLE", "RANK_VARIABLE", "SCHEMA", "CheckServedOptions", "ContractError", "DpoOptions", "EndpointSpec",
    "EvaluateOptions",
    "Event", "EventKind", "Fault", "GenerateOptions", "KtoOptions", "MeasureOptions", "MergeOptions",
    "NoopOptions", "Options", "RewardOptions", "RlooOptions", "RunResult", "RunSpec", "ScoreOptions", "SftOptions",
    "TextOptions", "TrainOptions",
    "attempt_dir", "read_events", "write_whole",
]  # fmt: skip

SCHEMA = 1

ATTEMPT_VARIABLE = "EVALHUB_ATTEMPT"  # the fencing token; 1 when the run is started by hand
RANK_VARIABLE = "EVALHUB_RANK"  # which of several processes on one machine; 0 is the run itself
ENDPOINT_KEY_VARIABLE = (
    "EVALHUB_ENDPOINT_KEY"  # named in `secrets` where the spec's endpoint has one
)
PRIVATE_VARIABLE = (
    "EVALHUB_ENDPOINT_PRIVATE"  # private hosts that an endpoint may have, with commas
)
LIFELINE_VARIABLE = "EVALHUB_LIFELINE_FD"  # a pipe's read end; end-of-file means the worker is gone

OVER_BUDGET = "the budget is spent"  # in refused.jsonl: why an answer was not even asked for

EXIT_SUCCEEDED, EXIT_FAILED = 0, 1
EXIT_INTERRUPTED = 75  # told to stop (TERM, or the lifeline closed): checkpoint kept, no result
EXIT_LOCKED = 76  # another trainer writes in this directory

Fault = Literal["", "input", "internal"]
EventKind = Literal[
    "progress", "metrics", "finding", "checkpoint", "sample", "preview", "forecast", "probe"
]


@dataclass(frozen=True, kw_only=True)
class _Record(Checked):
    FILE: ClassVar[str]

    schema: int = SCHEMA

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.schema != SCHEMA:
            raise ContractError(f"schema {self.schema} is not {SCHEMA}; update both sides")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raise ContractError for a missing file, bad JSON, a strange field or a wrong type."""
        try:
            return cls.of(json.loads((folder / cls.FILE).read_text("utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise ContractError(f"{folder / cls.FILE}: {error}") from error

    def write(self, folder: Path) -> None:
        write_whole(folder / self.FILE, json.dumps(asdict(self), indent=2, sort_keys=True))


COMPLETION_BOUND = (
    "max_completion_tokens"  # what some hosted models take in the place of `max_tokens`
)


@dataclass(frozen=True, kw_only=True)
class EndpointSpec(Checked):
    """A server that writes answers: any that speaks OpenAI's chat completions.

    `url` is what stands before /chat/completions; `prices` are of a million tokens, read and
    written, or empty where nobody knows them. Its key is in the environment, where there is one.
    `bounds_by` is the field that says how long an answer may be; who refuses the usual one by naming the other
    gets that from then on, and the result's environment says so as `endpoint_bounds_by`.
    """

    url: str
    model: str  # as the server calls it
    prices: list[float] = field(default_factory=list)
    per_minute: int = 0  # requests; 0: as many as it takes
    at_once: int = 4
    patience: float = 120.0  # seconds for an answer
    bounds_by: str = "max_tokens"  # or COMPLETION_BOUND


@dataclass(frozen=True, kw_only=True)
class RunSpec(_Record):
    """What to do. Written once by the web side; never changed.

    `model` is a hub id or a directory; `adapter` a directory or empty; so `teacher` and `teacher_adapter`,
    of a model that is read and not trained, which for the recipe rloo is a reward model. `adapters` in the place of
    `adapter` are several by name, for the recipe generate alone: each answers every prompt; an empty directory is the
    model itself. Paths are relative to the run directory unless absolute. `digests` holds the sha256 of each input, checked before work.
    `endpoint` is an EndpointSpec where a server takes the model's place, or for the recipe check_served answers beside it.
    `secrets` names environment variables that the trainer may read; never their values.
    """

    FILE: ClassVar[str] = "spec.json"

    recipe: str
    model: str = ""
    adapter: str = ""
    adapters: dict[str, str] = field(default_factory=dict)
    teacher: str = ""
    teacher_adapter: str = ""
    seed: int = 0
    inputs: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    endpoint: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.endpoint:
            EndpointSpec.of(self.endpoint)
        if self.adapters and (self.recipe != "generate" or self.adapter or self.endpoint):
            raise ContractError(
                "adapters are several of one model in the recipe generate, without adapter and endpoint"
            )
        if self.recipe not in OPTIONS:
            raise ContractError(f"recipe {self.recipe!r} is none of {', '.join(sorted(OPTIONS))}")
        OPTIONS[self.recipe].of(self.options)


@dataclass(frozen=True, kw_only=True)
class RunResult(_Record):
    """How an attempt ended. Written last by the torch side, so its existence means that it is over.

    `error` is for the person who asked and says what to do; `fault` says whether the input was
    wrong (they can fix it) or we failed (the log tells why). `artifacts` maps a path below
    `artifacts/` to its sha256.
    """

    FILE: ClassVar[str] = "result.json"

    ok: bool
    metrics: dict[str, float] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)  # as training.findings tells them
    seconds: float = 0.0
    error: str = ""
    fault: Fault = ""


@dataclass(frozen=True, kw_only=True)
class Event(Checked):
    """One line of events.jsonl. `n` counts from 1 without gaps within an attempt.

    progress: {"done", "total", "note"}; metrics: {"step", name: value…}; checkpoint: {"step", "path"};
    sample: {"step", "prompt", "asked", "content"}; finding: see training.findings; preview: a row as the model
    reads it, see training.previews; forecast: see training.fitting; probe: see training.probing.
    """

    n: int
    at: str
    kind: EventKind
    body: dict[str, Any]


class Told(NamedTuple):
    """Events, and where in the file, in bytes, the next look goes on."""

    events: list[Event]
    end: int


def read_on(attempt_dir: Path, *, at: int = 0) -> Told:
    """The whole lines from byte `at` on, the end of an earlier look; a half-written last line waits for the next."""
    try:
        with (attempt_dir / "events.jsonl").open("rb") as stream:
            stream.seek(at)
            new = stream.read()
    except FileNotFoundError:
        return Told([], at)
    whole = new[: new.rfind(b"\n") + 1]  # of a line of text U+2028 would be an end, too
    return Told([Event.of(json.loads(line)) for line in whole.split(b"\n")[:-1]], at + len(whole))


def read_events(attempt_dir: Path) -> list[Event]:
    """All that an attempt has told so far."""
    return read_on(attempt_dir).events


def attempt_dir(run_dir: Path, attempt: int) -> Path:
    return run_dir / "attempts" / str(attempt)


def write_whole(target: Path, text: str) -> None:
    """Readers see the old file or the whole new one, also after a power cut."""
    partial = target.with_name(target.name + ".tmp")
    with partial.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(target)
