"""The seam: what crosses between the web side and the torch side, as files.

Standard library only. Both sides import this module; neither imports the other. A run directory holds

    spec.json              what to do, written once by the web side
    inputs/                the files that the spec names
    lock                   flock'ed by the trainer before it writes anything
    attempts/<n>/          n is the fencing token of the Job; evalhub believes only its own n
        events.jsonl       numbered lines: progress, metrics, warnings, checkpoints
        result.json        written last: it exists = the attempt ended by itself
        log.txt            stdout and stderr
    checkpoints/step-…/    renamed into place whole, each with manifest.json written last
    artifacts/             adapters, predictions, per-row values
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

SCHEMA = 1

ATTEMPT_VARIABLE = "EVALHUB_ATTEMPT"  # the fencing token; 1 when the run is started by hand
LIFELINE_VARIABLE = "EVALHUB_LIFELINE_FD"  # a pipe's read end; end-of-file means the worker is gone

EXIT_SUCCEEDED, EXIT_FAILED = 0, 1
EXIT_INTERRUPTED = 75  # told to stop (TERM, or the lifeline closed): checkpoint kept, no result
EXIT_LOCKED = 76  # another trainer writes in this directory

Fault = Literal["", "input", "internal"]
EventKind = Literal["progress", "metrics", "warning", "checkpoint", "sample"]


class ContractError(ValueError):
    """A file of the run directory does not have the agreed form."""


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """A dataclass that refuses values of the wrong type and fields it does not know."""

    def __post_init__(self) -> None:
        kinds = get_type_hints(type(self))
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


@dataclass(frozen=True, kw_only=True)
class _Record(_Checked):
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


@dataclass(frozen=True, kw_only=True)
class RunSpec(_Record):
    """What to do. Written once by the web side; never changed.

    `model` is a hub id or a directory; `adapter` a directory or empty; paths are relative to the
    run directory unless absolute. `digests` holds the sha256 of each input, checked before work.
    `secrets` names environment variables that the trainer may read; never their values.
    """

    FILE: ClassVar[str] = "spec.json"

    recipe: str
    model: str = ""
    adapter: str = ""
    seed: int = 0
    inputs: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
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
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    fault: Fault = ""


@dataclass(frozen=True, kw_only=True)
class Event(_Checked):
    """One line of events.jsonl. `n` counts from 1 without gaps within an attempt.

    progress: {"done", "total", "note"}; metrics: {"step", name: value…}; warning: {"text"};
    checkpoint: {"step", "path"}; sample: {"step", "prompt", "content"}.
    """

    n: int
    at: str
    kind: EventKind
    body: dict[str, Any]


def read_events(attempt_dir: Path, *, after: int = 0) -> Iterator[Event]:
    """Yield whole lines past number `after`; a half-written last line waits for the next call."""
    try:
        text = (attempt_dir / "events.jsonl").read_text("utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines(keepends=True)[after:]:
        if line.endswith("\n"):
            yield Event.of(json.loads(line))


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


# ── Options of each recipe: what may stand in RunSpec.options ──────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class NoopOptions(_Checked):
    """Count to `steps`, `pause` seconds each; the recipe that tests of the seam use."""

    steps: int = 1
    pause: float = 0.0
    fail: str = ""


@dataclass(frozen=True, kw_only=True)
class _TrainOptions(_Checked):
    epochs: float = 3.0
    max_steps: int = 0  # 0: as many as the epochs make
    batch_size: int = 8
    accumulation: int = 1
    schedule: str = "cosine"
    warmup: float = 0.1  # share of all steps
    weight_decay: float = 0.0
    max_length: int = 0  # tokens; 0: what the model can take
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    target_modules: str = "all-linear"
    threads: int = 1  # on a CPU; the same count gives the same weights to the bit
    checkpoint_every: int = 0  # steps; 0: about ten times a run
    evaluate_every: int = 0  # steps; 0: about ten times a run, when there are validation rows
    allow_dropped: str = ""  # the reason why losing more than 1 % of the rows is accepted


@dataclass(frozen=True, kw_only=True)
class SftOptions(_TrainOptions):
    """Inputs: `train`, `validation` (optional), rows of `prompt` and `completion`."""

    learning_rate: float = 1e-4


@dataclass(frozen=True, kw_only=True)
class DpoOptions(_TrainOptions):
    """Inputs: `train`, `validation` (optional), rows of `prompt`, `chosen` and `rejected`.

    With `RunSpec.adapter` the adapter is trained further and its frozen copy is the reference.
    """

    learning_rate: float = 5e-6
    beta: float = 0.1
    loss: list[str] = field(default_factory=lambda: ["sigmoid", "sft"])
    loss_weights: list[float] = field(default_factory=lambda: [1.0, 0.1])


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(_Checked):
    """Inputs, each optional: `texts` (prompt, completion), `pairs` (prompt, chosen, rejected),
    `prompts` (prompt, reference or null). Every row has `id` and `group`.

    Artifacts: `texts.jsonl` {"id","group","nll","tokens"}; `pairs.jsonl` {"id","group",
    "chosen_logp","chosen_tokens","rejected_logp","rejected_tokens"} and, for an adapter, the same
    four of its base with the prefix "base_"; `predictions.jsonl` {"id","group","content","tokens",
    "finish"} and, where there is a reference, "rouge1","rouge2","rougeL","bleu","chrf".
    """

    batch_size: int = 16
    max_new_tokens: int = 96
    max_length: int = 0
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(_Checked):
    """Input: `prompts`, rows of `id` and `prompt`.

    Artifact: `completions.jsonl` {"prompt","index","content","tokens","finish"}, finish is
    "stop" or "length".
    """

    n: int = 1
    temperature: float = 0.8  # 0: greedy
    top_p: float = 1.0
    max_new_tokens: int = 128
    batch_size: int = 16
    threads: int = 1


OPTIONS: dict[str, type[_Checked]] = {
    "noop": NoopOptions,
    "sft": SftOptions,
    "dpo": DpoOptions,
    "evaluate": EvaluateOptions,
    "generate": GenerateOptions,
}


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
