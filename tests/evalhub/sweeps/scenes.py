"""What tests of sweeps share: a trainer whose validation loss follows from its settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.registry.models import LanguageModel
from evalhub.runs import execution
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.turning import advance
from tests.evalhub.runs.scenes import base_model, built, row_list, stored
from tests.null_trainer import NullTrainer
from training.contract import RunResult, RunSpec, attempt_dir
from training.events import EventLog

BEST_RATE = 2e-4


def loss_of(spec: RunSpec) -> float:
    """Least at BEST_RATE, a little less with rank 16, less with more rows, and a little chance by seed."""
    options = spec.options
    far = abs(math.log10(options.get("learning_rate", 1e-4) / BEST_RATE))
    rank = 0.05 * (options.get("lora_rank", 16) != 16)
    rows = 0.5 * (1 - options.get("train_share", 1.0)) ** 2
    return round(1 + far**2 + rank + rows + 0.001 * (spec.seed % 3), 6)


class Landscape(NullTrainer):
    """Ends at once, with ten looks at the validation rows on the way."""

    def __init__(self, run_dir: Path, *, attempt: int, more: Mapping[str, str]) -> None:
        super().__init__(run_dir, attempt=attempt, more=more)
        folder, spec = attempt_dir(run_dir, attempt), RunSpec.read(run_dir)
        (folder / "events.jsonl").unlink()
        events = EventLog(folder)
        for step in range(11):
            events.write("metrics", step=step, eval_loss=loss_of(spec) + (10 - step) / 10)
        events.write("progress", done=10, total=10, note="")
        events.close()
        before = RunResult.read(folder)
        told = {"eval_loss": loss_of(spec), "eval_loss_per_byte": loss_of(spec) / 4}
        RunResult(ok=True, metrics=before.metrics | told, artifacts=before.artifacts, seconds=0.1).write(folder)  # fmt: skip


def on_landscape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "Trainer", Landscape)


def a_build(erin: Member, *, train: int = 80, validation: int = 20) -> DatasetBuild:
    """An SFT build with a validation split."""
    build = built(erin.workspace, "sft", train=train)
    build.files["validation.jsonl"] = stored(row_list("sft", validation, "v"))
    build.rows = build.rows | {"validation": validation}
    build.save()
    return build


def a_base(erin: Member, folder: Path, *, name: str = "tiny") -> LanguageModel:
    return base_model(erin.workspace, folder, name=name)


def turned(sweep: Sweep, *, most: int = 100) -> Sweep:
    """Do what workers do, until the sweep has ended."""
    for _ in range(most):
        advance(sweep.pk)
        sweep.refresh_from_db()
        if not sweep.is_running:
            return sweep
        waiting = [try_ for try_ in sweep.tries.select_related("run__job") if try_.run.job.state == JobState.QUEUED]  # fmt: skip
        assert waiting, "nothing is under way, and it has not ended"
        jobs.execute(waiting[0].run.job.uid)
    raise AssertionError(f"not ended after {most} turns")
