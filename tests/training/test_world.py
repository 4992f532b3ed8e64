"""Several processes that train one model: the same as one, and gone together."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.training.conftest import Run
from tests.training.runs import SELDOM, documents, pairs, start, texts, until
from training.contract import EXIT_INTERRUPTED, OPTIONS, RunSpec
from training.environment import seal
from training.world import World

SPEC = RunSpec(recipe="noop")
QUICK = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "max_steps": 6} | SELDOM
ROWS = {"sft": texts, "text": documents}


def ask(run: Run, model: Path, recipe: str, *, devices: int, **more: Any) -> Run:
    """Seven rows: the last batch of an epoch has three, one process then reads one more than the other."""
    make = ROWS.get(recipe, pairs)
    inputs = {name: run.rows(name, make(count)) for name, count in (("train", 7), ("validation", 3))}  # fmt: skip
    options = QUICK | {"devices": devices} | more
    return run.ask(recipe, model=str(model), inputs=inputs, options=options)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("recipe", ["dpo", *(pytest.param(name, marks=pytest.mark.long) for name in ("sft", "text", "reward"))])  # fmt: skip
def test_two_processes_learn_what_one_learns(
    recipe: str, run: Run, another_run: Run, tiny_model: Path
) -> None:
    more = {"accumulation": 2, "evaluate_every": 3}
    alone = ask(run, tiny_model, recipe, devices=1, **more)
    assert alone.attempt().ok
    together = ask(another_run, tiny_model, recipe, devices=2, **more)
    assert start(together.folder).wait(120) == 0
    assert together.losses() == pytest.approx(alone.losses(), abs=2e-6)
    found = together.result().metrics
    for name, value in alone.result().metrics.items():
        if name.startswith("eval_") or name in ("steps", "tokens", "rows", "first_loss"):
            assert found[name] == pytest.approx(value, abs=1e-5), name
    assert sorted(together.result().artifacts) == sorted(alone.result().artifacts)


@pytest.mark.long
def test_a_killed_run_of_two_goes_on_and_leaves_no_process(
    run: Run, another_run: Run, tiny_model: Path
) -> None:
    """With dropout, which each process draws for itself, the end is equal to the bit."""
    steady = ask(another_run, tiny_model, "sft", devices=2, lora_dropout=0.3)
    running = start(steady.folder)
    ask(run, tiny_model, "sft", devices=2, lora_dropout=0.3, checkpoint_every=1)
    first = start(run.folder)
    until(lambda: bool(run.events("checkpoint")), first)
    others = psutil.Process(first.pid).children()
    first.send_signal(signal.SIGKILL)
    first.wait()
    _, alive = psutil.wait_procs(others, timeout=30)
    assert others
    assert not alive
    assert start(run.folder, attempt=2).wait(120) == 0
    assert running.wait(120) == 0
    assert run.weights == steady.weights
    assert run.events("metrics", 2)[0]["step"] > 0


@pytest.mark.long
def test_a_stop_keeps_a_checkpoint_and_a_dead_process_is_told(run: Run, tiny_model: Path) -> None:
    ask(run, tiny_model, "sft", devices=2, max_steps=100_000, checkpoint_every=100_000)
    first = start(run.folder, start_new_session=True)
    until(lambda: bool(run.events("metrics")), first)
    os.killpg(first.pid, signal.SIGTERM)
    assert first.wait(60) == EXIT_INTERRUPTED
    assert run.events("checkpoint")
    second = start(run.folder, attempt=2)
    until(lambda: bool(run.events("metrics", 2)), second)
    (other,) = psutil.Process(second.pid).children()
    other.send_signal(signal.SIGKILL)
    assert second.wait(60) == 1
    told = run.result(2)
    assert told.fault == "input"
    assert told.error.startswith("Process 2: The trainer was killed (9): probably out of memory.")


@pytest.mark.long
def test_what_is_no_number_ends_them_all(run: Run, tiny_model: Path) -> None:
    ask(run, tiny_model, "sft", devices=2, learning_rate=1e30, max_steps=50, schedule="constant")
    assert start(run.folder).wait(120) == 1
    assert "is not a number at step" in run.result().error
    assert "not_finite" in {each["code"] for each in run.result().findings}


def test_shares_make_the_whole() -> None:
    rows = list("abcdefg")
    worlds = [World(rank, 3) for rank in range(3)]
    shares = [each.share(rows) for each in worlds]
    assert shares == [["a", "d", "g"], ["b", "e"], ["c", "f"]]
    assert worlds[1].whole(shares) == rows
    assert World().read(rows, "".join) == rows
    assert World().of_first("mine") == "mine"


def test_each_process_sees_one_device() -> None:
    def seen(**environ: str) -> list[str]:
        found = []
        for rank in range(3):
            own = {**environ, "EVALHUB_RANK": str(rank)}
            seal(SPEC, own)
            found.append(own["CUDA_VISIBLE_DEVICES"])
        return found

    assert seen() == ["0", "1", "2"]
    assert seen(CUDA_VISIBLE_DEVICES="4,6") == ["4", "6", ""]
    assert seen(CUDA_VISIBLE_DEVICES="") == ["", "", ""]


def test_more_devices_than_rows_at_once_are_refused() -> None:
    (fault,) = OPTIONS["sft"].of({"devices": 9}).faults()
    assert (
        fault == "devices is 9, but must be 1 or more, and at most batch_size: each reads its share"
    )
