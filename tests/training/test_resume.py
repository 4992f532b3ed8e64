"""Killed or stopped in the middle, a run ends with the same weights, to the bit."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import pairs, start, texts, until
from training.contract import EXIT_INTERRUPTED, EXIT_SUCCEEDED, attempt_dir

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

OPTIONS = {"learning_rate": 1e-2, "batch_size": 2, "lora_rank": 2, "checkpoint_every": 4}
STEPS = 48


def asked(run: Run, recipe: str, model: Path, rows: list[dict[str, Any]], *, adapter: str = "") -> Run:  # fmt: skip
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", rows[:4])}
    options = {
        **OPTIONS,
        "max_steps": STEPS,
        "lora_dropout": 0.1 if recipe == "sft" else 0.0,
    }  # dropout draws chance at each step; dpo has none
    return run.ask(recipe, model=str(model), adapter=adapter, inputs=inputs, options=options)


def has_passed(run: Run, checkpoint: int) -> bool:
    """A checkpoint is there, and steps have been made after it."""
    kept = run.events("checkpoint")
    done = run.events("progress")
    return bool(kept) and kept[-1]["step"] >= checkpoint and done[-1]["done"] > kept[-1]["step"]


@pytest.mark.parametrize("recipe", [pytest.param("sft", marks=pytest.mark.long), "dpo"])
def test_killed_with_9_it_ends_with_the_same_weights(
    tiny_model: Path, run: Run, another_run: Run, trained: Run, recipe: str
) -> None:
    rows = texts(16) if recipe == "sft" else pairs(16)
    adapter = "" if recipe == "sft" else str(trained.adapter)
    undisturbed = asked(another_run, recipe, tiny_model, rows, adapter=adapter)
    assert start(undisturbed.folder).wait() == EXIT_SUCCEEDED

    asked(run, recipe, tiny_model, rows, adapter=adapter)
    process = start(run.folder)
    until(lambda: has_passed(run, 8), process)
    process.kill()
    process.wait()
    reached = run.events("progress")[-1]["done"]
    assert reached < STEPS
    assert not (attempt_dir(run.folder, 1) / "result.json").exists()

    assert start(run.folder, attempt=2).wait() == EXIT_SUCCEEDED
    assert 0 < run.events("progress", 2)[0]["done"] <= reached
    assert run.weights == undisturbed.weights
    assert run.weights != trained.weights


def test_stopped_it_keeps_the_last_step_and_goes_on_from_there(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    undisturbed = asked(another_run, "sft", tiny_model, texts(16))
    assert undisturbed.attempt().ok

    asked(run, "sft", tiny_model, texts(16))
    process = start(run.folder)
    until(lambda: has_passed(run, 4), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == EXIT_INTERRUPTED
    assert not (attempt_dir(run.folder, 1) / "result.json").exists()
    last = run.events("progress")[-1]["done"]
    assert run.events("checkpoint")[-1]["step"] == last < STEPS

    assert run.attempt(2).ok
    assert run.events("progress", 2)[0]["done"] == last
    assert run.weights == undisturbed.weights


def test_a_spoilt_checkpoint_is_passed_over(tiny_model: Path, run: Run) -> None:
    assert asked(run, "sft", tiny_model, texts(16)).attempt().ok
    before = run.weights
    newest = run.folder / "checkpoints" / f"step-{STEPS:08d}"
    (newest / "optimizer.pt").unlink()
    assert run.attempt(2).ok
    assert run.events("progress", 2)[0]["done"] == STEPS - 4
    assert run.weights == before
