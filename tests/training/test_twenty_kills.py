"""Killed twenty times at random points, a run ends with the weights of one that nobody disturbed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.training.conftest import Run
from tests.training.runs import pairs, start, texts, until
from training.contract import EXIT_SUCCEEDED

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

KILLS, STEPS = 20, 200
STARTING = 6.0  # seconds that a process needs to its first step, about


def asked(run: Run, recipe: str, model: Path) -> Run:
    rows = texts(16) if recipe == "sft" else pairs(16)
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", rows[:4])}
    options = {
        "learning_rate": 1e-2,
        "batch_size": 2,
        "lora_rank": 2,
        "checkpoint_every": 3,
        "max_steps": STEPS,
        "lora_dropout": 0.1 if recipe == "sft" else 0.0,
    }
    return run.ask(recipe, model=str(model), inputs=inputs, options=options)


def step_of(run: Run, attempt: int) -> int:
    done = run.events("progress", attempt)
    return int(done[-1]["done"]) if done else 0


def kill_somewhere(run: Run, attempt: int, chance: random.Random) -> None:
    """While it starts, one time in four; else some steps on, and a moment later."""
    process = start(run.folder, attempt=attempt)
    if chance.random() < 0.25:
        moment = time.monotonic() + chance.uniform(0, STARTING)
        until(lambda: time.monotonic() >= moment, process)
    else:
        until(lambda: step_of(run, attempt) > 0, process)
        wanted = step_of(run, attempt) + chance.randint(0, 9)
        until(lambda: step_of(run, attempt) >= wanted, process)
        moment = time.monotonic() + chance.uniform(0, 0.1)  # in a step, or while it saves
        until(lambda: time.monotonic() >= moment, process)
    process.kill()
    assert process.wait() == -9


@pytest.mark.parametrize("recipe", ["sft", "dpo"])
def test_twenty_kills_change_no_bit(
    tiny_model: Path, run: Run, another_run: Run, recipe: str
) -> None:
    undisturbed = asked(another_run, recipe, tiny_model)
    assert start(undisturbed.folder).wait() == EXIT_SUCCEEDED
    chance = random.Random(7)

    asked(run, recipe, tiny_model)
    reached = []
    for attempt in range(1, KILLS + 1):
        kill_somewhere(run, attempt, chance)
        reached.append(step_of(run, attempt))
    assert start(run.folder, attempt=KILLS + 1).wait() == EXIT_SUCCEEDED

    assert 0 < max(reached) < STEPS  # it got on, and was never let finish
    assert run.weights == undisturbed.weights
