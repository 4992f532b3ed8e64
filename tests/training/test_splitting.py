"""A base split among processes: what is learnt is what one process learns with the whole of it."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training.conftest import Run
from tests.training.runs import start, texts, until
from tests.training.test_world import ask
from training.contract import OPTIONS
from training.errors import InputError
from training.fitting import Parts
from training.world import World

SPLIT = {"devices": 2, "sharding": "fsdp"}
ADAPTER = "adapter_model.safetensors"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("recipe", ["dpo", *(pytest.param(name, marks=pytest.mark.long) for name in ("sft", "text", "reward"))])  # fmt: skip
def test_two_processes_with_half_of_the_base_each_learn_what_one_learns(
    recipe: str, run: Run, another_run: Run, tiny_model: Path
) -> None:
    """Batches of two rows out of seven: of the last one the second process has none, and reads all the same."""
    more = {"batch_size": 2, "accumulation": 2, "evaluate_every": 3}
    alone = ask(run, tiny_model, recipe, devices=1, **more)
    assert alone.attempt().ok
    split = ask(another_run, tiny_model, recipe, **SPLIT, **more)
    assert start(split.folder).wait(120) == 0
    assert split.losses() == pytest.approx(alone.losses(), abs=2e-6)
    found, meant = split.result(), alone.result()
    for name, value in meant.metrics.items():
        if name.startswith(("eval_", "answers_")) or name in ("steps", "tokens", "rows"):
            assert found.metrics[name] == pytest.approx(value, abs=1e-5), name
    assert sorted(found.artifacts) == sorted(meant.artifacts)
    assert _weights(split) == pytest.approx(_weights(alone), abs=1e-5)
    assert [each["content"] for each in split.events("sample")] == [
        each["content"] for each in alone.events("sample")
    ]
    held, whole = found.environment["weights_held"], meant.environment["weights_held"]
    inside = 2 * 2336  # of the base: two layers of 2,336 weights, which are halved
    assert whole - held == inside // 2


def _weights(run: Run) -> Any:
    """Of the adapter, in one row."""
    kept = load_file(run.adapter / ADAPTER)
    return torch.cat([kept[name].flatten() for name in sorted(kept)]).numpy()


@pytest.mark.long
def test_what_holds_to_the_start_and_what_was_forgotten_are_read_by_all(
    run: Run, another_run: Run, tiny_model: Path
) -> None:
    more = {"kl_to_base": 0.5, "patience": 3, "evaluate_every": 1, "lora_variant": "rslora"}
    for each, devices in ((run, {"devices": 1}), (another_run, SPLIT)):
        ask(each, tiny_model, "sft", **devices, **more)
        spec = json.loads((each.folder / "spec.json").read_text())
        spec["inputs"]["probe"] = each.rows("probe", texts(9))
        (each.folder / "spec.json").write_text(json.dumps(spec))
        assert start(each.folder).wait(120) == 0
    assert another_run.losses() == pytest.approx(run.losses(), abs=2e-6)
    for name in ("probe_loss_before", "probe_loss_after", "best_step"):
        assert another_run.result().metrics[name] == pytest.approx(
            run.result().metrics[name], abs=1e-5
        )


@pytest.mark.long
def test_a_killed_run_with_a_split_base_ends_with_the_same_bits(
    run: Run, another_run: Run, tiny_model: Path
) -> None:
    steady = ask(another_run, tiny_model, "sft", **SPLIT, lora_dropout=0.3)
    assert start(steady.folder).wait(120) == 0
    ask(run, tiny_model, "sft", **SPLIT, lora_dropout=0.3, checkpoint_every=1)
    first = start(run.folder)
    until(lambda: bool(run.events("checkpoint")), first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert start(run.folder, attempt=2).wait(120) == 0
    assert run.events("metrics", 2)[0]["step"] > 0
    assert run.weights == steady.weights


@pytest.mark.parametrize(
    ("recipe", "options", "told"),
    [
        ("sft", {"devices": 1}, "on one device: set devices to 2 or more"),
        ("sft", {"quantise": "nf4"}, "where the base lies in 4 bits"),
        ("dpo", {"lora_variant": "dora"}, "with dora"),
        ("sft", {"trains": "all"}, "where trains is all"),
        ("rloo", {}, "rloo writes answers at each step"),
        ("sft", {"sharding": "zero3"}, "must be fsdp, or nothing"),
    ],
)
def test_what_does_not_go_with_a_split_base_is_named(
    recipe: str, options: dict[str, Any], told: str
) -> None:
    (fault,) = OPTIONS[recipe].of({**SPLIT, **options}).faults()
    assert fault.startswith("sharding is ")
    assert told in fault


def test_processes_in_step_read_as_many_rows_each() -> None:
    """Five rows for three processes: two, two, and one that reads the first row once more."""
    turns = [World(rank, 3, in_step=True).turns("abcde") for rank in range(3)]
    assert turns == [["a", "d"], ["b", "e"], ["c", "a"]]
    assert World(2, 3).turns("abcde") == ["c"]
    assert World(0, 3, in_step=True).turns("") == []


def test_each_process_loads_when_those_before_it_have() -> None:
    """Three threads with a barrier in the place of a message: nobody begins while another is at it."""
    done: list[tuple[str, int]] = []
    barrier = threading.Barrier(3)

    class Waiting(World):
        def gather(self, mine: Any) -> list[Any]:
            barrier.wait(10)
            return [mine]

    def load(rank: int) -> None:
        with Waiting(rank, 3).turn():
            done.append(("begins", rank))
            done.append(("ends", rank))

    threads = [threading.Thread(target=load, args=[rank]) for rank in (2, 0, 1)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert done == [(what, rank) for rank in range(3) for what in ("begins", "ends")]


def test_no_process_in_step_takes_smaller_parts_alone() -> None:
    def full(some: list[int]) -> float:
        raise torch.OutOfMemoryError("out of memory")

    parts = Parts(4, shrunk=lambda *_: None, may_shrink=False)
    with pytest.raises(InputError, match="take a smaller batch_size and as much more accumulation"):
        parts.step(torch.nn.Linear(1, 1), [0, 1], full)
