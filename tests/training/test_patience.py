"""A run that gets no better ends, and leaves its best adapter."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from tests.training.conftest import Run
from tests.training.runs import answer, texts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


def impatient(run: Run, model: Path, **options: object) -> Run:
    """It learns "yes" and is measured on something else, so it soon gets worse."""
    held_out = [{**row, "completion": answer("no, never, not at all")} for row in texts(4)]
    inputs = {"train": run.rows("train", texts(8)), "validation": run.rows("validation", held_out)}
    given = {"learning_rate": 3e-2, "batch_size": 4, "lora_rank": 2, "max_steps": 60, "evaluate_every": 2, "checkpoint_every": 3, "patience": 3}  # fmt: skip
    return run.ask("sft", model=str(model), inputs=inputs, options={**given, **options})


def test_it_ends_and_keeps_the_best(tiny_model: Path, run: Run) -> None:
    result = impatient(run, tiny_model).attempt()
    assert result.ok, result.error
    measured = {body["step"]: body["eval_loss"] for body in run.events("metrics") if "eval_loss" in body}  # fmt: skip
    best = min(measured, key=lambda step: measured[step])
    assert result.metrics["best_step"] == best
    assert result.metrics["steps"] == best + 6 < 60
    assert result.findings[0]["code"] == "ended_early"

    again = Run(run.folder.with_name("measured"))
    rows = [{**row, "completion": answer("no, never, not at all")} for row in texts(4)]
    again.ask("evaluate", model=str(tiny_model), adapter=str(run.adapter), inputs={"texts": again.rows("texts", rows)})  # fmt: skip
    assert again.attempt().metrics["loss"] == pytest.approx(measured[best], abs=1e-5)


def test_after_a_kill_it_ends_at_the_same_step_with_the_same_adapter(
    tiny_model: Path, run: Run
) -> None:
    first = impatient(run, tiny_model).attempt()
    weights = run.weights
    rmtree(run.folder / "artifacts")
    again = run.attempt(2)
    assert again.ok, again.error
    assert run.events("progress", 2)[0]["done"] > 0
    for name in ("best_step", "steps", "eval_loss"):
        assert again.metrics[name] == first.metrics[name]
    assert run.weights == weights


def test_evaluations_count_from_the_end_of_the_warm_up(tiny_model: Path, run: Run) -> None:
    result = impatient(run, tiny_model, warmup=0.5, patience=1).attempt()
    assert result.ok, result.error
    measured = {body["step"]: body["eval_loss"] for body in run.events("metrics") if "eval_loss" in body}  # fmt: skip
    early = [measured[step] for step in sorted(measured) if step <= 30]
    assert min(early) < early[-1], "it got worse within the warm-up, and went on"
    assert result.metrics["steps"] == 32


def test_without_validation_rows_there_is_nothing_to_be_patient_about(
    tiny_model: Path, run: Run
) -> None:
    inputs = {"train": run.rows("train", texts(4))}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options={"patience": 1}).attempt()
    assert result.fault == "input"
    assert "Patience looks at validation rows" in result.error
