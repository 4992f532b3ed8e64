"""What a run's page and the API show, from stored rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evalhub.accounts.models import Workspace
from evalhub.common.erased import TOMBSTONE
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.runs.costs import cost_of
from evalhub.runs.folder import run_dir
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Recipe, Run
from evalhub.runs.sameness import is_equal_to_the_bit
from evalhub.runs.telling import forecast_of, told_by
from evalhub.runs.trainer import LOG
from training.contract import OPTIONS, attempt_dir

TAIL = 8_000  # bytes of the log


@dataclass(frozen=True)
class Setting:
    name: str
    value: object
    is_changed: bool  # differs from the default


@dataclass(frozen=True)
class Series:
    """One curve: values by step, in order; a repeated step counts as the last attempt did it."""

    name: str
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]


def sets_of(runs: Iterable[Run]) -> list[str]:
    """The digests of the sets that they measured on and tell figures of; an app above names sets."""
    told = [run.pk for run in runs if run.recipe == Recipe.EVALUATE and run.metrics]
    found = (
        Run.objects.filter(pk__in=told, evaluation__isnull=False) if told else Run.objects.none()
    )
    return list(found.order_by("pk").values_list("evaluation__set_digest", flat=True))


def run_summary(run: Run) -> dict[str, Any]:
    """For the API and for commands."""
    told = told_by(run)
    forecast = forecast_of(run, told)
    return {
        "run": str(run.uid),
        "recipe": run.recipe,
        "state": run.job.state,
        "is_paused": run.job.is_paused,
        "error": run.job.error,
        "seconds": run.seconds,
        "metrics": run.metrics,
        "cost": cost_of(run).as_json(),
        "findings": told.findings,
        "probe": told.probe,
        "forecast": forecast.as_json() if forecast else None,
        "environment": run.environment,
        "model": run.output_model.name if run.output_model else None,
        "tags": run.tags,
        "notes": [
            {"by": note.member.pseudonym, "text": note.text}
            for note in run.notes.select_related("member")
        ],
        "repeats": str(run.repeats.uid) if run.repeats else None,
        "is_equal_to_the_bit": is_equal_to_the_bit(run),
    }


def builds_of(run: Run) -> list[tuple[str, DatasetBuild]]:
    """What it learns from is a "build"; others are named by what they are read for."""
    names: dict[str, list[str]] = {}
    for name, uid in sorted(run.beside.items()):
        names.setdefault(uid, []).append(name)
    found = run.builds.select_related("dataset").order_by("pk")
    return [(" and ".join(names.get(str(build.uid), ["build"])), build) for build in found]


def merge_summary(run: Run) -> dict[str, Any]:
    """Of a run that merges: how far it is, and once it is done what changed and the files."""
    return {
        "run": run.uid,
        "state": run.job.state,
        "max_logit_difference": run.metrics.get("max_logit_difference"),
        "same_top_token": run.metrics.get("same_top_token"),
        "files": list(run.merged_files),
    }


def settings_of(run: Run) -> list[Setting]:
    """Every option of the recipe with its value, changed ones told apart."""
    known = OPTIONS.get(run.recipe)
    options = run.spec.get("options", {})
    defaults = known.usual(options) if known else {}
    given = options | {"seed": run.spec.get("seed", 0)}
    return [
        Setting(name, given.get(name, default), name in given and given[name] != default)
        for name, default in (defaults | {"seed": 0}).items()
    ]


NOT_DRAWN = {"step", "epoch"}  # the axis itself, in two units
FIRST = {"loss", "eval_loss", "reward_accuracy"}  # what people look for


def curves_of(run: Run) -> list[Series]:
    """A series for each metric that has at least two points."""
    found: dict[str, dict[float, float]] = {}
    events = run.events.filter(kind="metrics").order_by("attempt", "n")
    for body in events.values_list("body", flat=True).iterator():
        for name, value in body.items():
            if name not in NOT_DRAWN and isinstance(value, int | float):
                found.setdefault(name, {})[body.get("step", 0)] = value
    names = sorted(found, key=lambda name: (name not in FIRST, name))
    return [Series(name, sorted(found[name].items())) for name in names if len(found[name]) > 1]


@dataclass(frozen=True)
class Answer:
    step: int
    content: str


@dataclass(frozen=True)
class Sampled:
    """A prompt that a run answers again and again: its answers, the latest first."""

    prompt: str  # the id of its row
    asked: str  # the turn that is answered; empty where an older run did not tell it
    answers: list[Answer]


def samples_of(run: Run) -> list[Sampled]:
    """In the order in which they were first asked; a repeated step counts as the last attempt did it."""
    found: dict[str, dict[int, str]] = {}
    asked: dict[str, str] = {}
    events = run.events.filter(kind="sample").order_by("attempt", "n")
    for body in events.values_list("body", flat=True):
        found.setdefault(body["prompt"], {})[body["step"]] = body["content"]
        asked[body["prompt"]] = body.get("asked", "")
    return [
        Sampled(
            prompt, asked[prompt], [Answer(step, by_step[step]) for step in sorted(by_step)[::-1]]
        )
        for prompt, by_step in found.items()
    ]


def log_tail(run: Run) -> str:
    """The end of the trainer's output: stored once the run has ended, before from this disk."""
    stored = run.artifacts.get(LOG)
    if stored:
        try:
            with file_store().open(stored["key"]) as stream:
                return stream.read()[-TAIL:].decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
    local = attempt_dir(run_dir(run), run.job.attempt) / LOG
    if not local.is_file():
        return ""
    with local.open("rb") as stream:
        stream.seek(max(0, local.stat().st_size - TAIL))
        return stream.read().decode("utf-8", "replace")


@dataclass(frozen=True)
class TrialAnswer:
    run: Run
    prompt: str
    content: str | None  # None until the run has ended well


def trial_answers(workspace: Workspace, trial: UUID) -> list[TrialAnswer]:
    """What each model said to a typed prompt, in the order in which they were asked."""
    runs = Run.objects.filter(workspace=workspace, job__subject_uid=trial, recipe=Recipe.GENERATE)
    runs = runs.select_related("job", "model")
    return [
        TrialAnswer(run, _typed(run), _said(run)) for run in runs.order_by("pk") if run.uid != trial
    ]


def _typed(run: Run) -> str:
    try:
        row = next(read_rows(run.spec["inputs"]["prompts"]["key"]))
    except FileNotFoundError:  # who typed it was erased
        return TOMBSTONE
    return str(row["prompt"][-1]["content"])


def _said(run: Run) -> str | None:
    stored = run.artifacts.get("completions.jsonl")
    try:
        return str(next(read_rows(stored["key"]))["content"]) if stored else None
    except FileNotFoundError:
        return TOMBSTONE
