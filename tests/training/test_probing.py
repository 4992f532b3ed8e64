"""The probe: what was forgotten between the first step and the last. Shapes: R rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Run
from tests.training.runs import SELDOM, answer, pairs, texts
from training.data import Encoded
from training.probing import ALL, kept_of, rise_interval
from training.rows import Row

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

QUICK = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2} | SELDOM


def encoded(at: int, *, tokens: int = 2, **slices: str) -> Encoded:
    row = Row(at, f"r{at}", f"g{at}", {}, judged={"slices": slices})
    return Encoded(row, [1], {"completion": [2] * tokens})


def probed(run: Run, model: Path, recipe: str, probe: list[dict[str, Any]], **spec: Any) -> Run:
    learnt = [{**row, "completion": answer("no")} for row in texts(8)] if recipe == "sft" else pairs(8)  # fmt: skip
    inputs = {"train": run.rows("train", learnt), "probe": run.rows("probe", probe)}
    options = QUICK | spec.pop("options", {})
    run.ask(recipe, model=str(model), inputs=inputs, options=options, **spec)
    return run


def test_a_rise_and_its_slices_by_hand() -> None:
    """Ten rows of 2 tokens lose 1 nat each in "a", ten gain 0.2 in "b": 0.5 and -0.1 a token, 0.2 over all.

    Every row of a slice rose by the same, so any draw of its groups has the same mean.
    """
    rows = [encoded(at, kind="a" if at < 10 else "b") for at in range(20)]
    before = [[-1.0]] * 20
    after = [[-2.0]] * 10 + [[-0.8]] * 10
    whole, worst, best = kept_of(rows, before, after, seed=0)
    assert (whole.slice, whole.rows) == (ALL, 20)
    assert (whole.before, whole.after) == (pytest.approx(0.5), pytest.approx(0.7))
    assert (worst.slice, worst.rise, worst.low, worst.high) == ("kind=a", *[pytest.approx(0.5)] * 3)
    assert (best.slice, best.rise) == ("kind=b", pytest.approx(-0.1))
    assert worst.is_forgotten
    assert not best.is_forgotten
    assert whole.accuracy_before is None


def test_long_rows_count_by_their_tokens() -> None:
    """One row of 8 tokens rose by 4 nats, nine of 1 token not at all: 4 / 17 a token."""
    rows = [encoded(at, tokens=8 if at == 0 else 1) for at in range(10)]
    (whole,) = kept_of(rows, [[-1.0]] * 10, [[-5.0]] + [[-1.0]] * 9, seed=0)
    assert whole.rise == pytest.approx(4 / 17)
    assert whole.low == 0  # a third of the draws misses the one row
    assert not whole.is_forgotten


def test_few_groups_make_no_interval_and_rows_of_a_group_stay_together() -> None:
    more, tokens = torch.tensor([1.0, -1.0] * 8), torch.ones(16)
    together = [f"g{at // 2}" for at in range(16)]
    assert rise_interval(together, more, tokens, level=0.95, seed=0) == (0, 0)
    assert rise_interval(together[:14], more[:14], tokens[:14], level=0.95, seed=0) is None


def test_intervals_are_those_of_other_software() -> None:
    """numpy's own draws of the same groups: the same to a percentile's own noise."""
    import numpy as np

    chance = np.random.default_rng(3)
    more, tokens = chance.normal(0.3, 1, 60), chance.integers(1, 9, 60)
    groups = [f"g{at % 30}" for at in range(60)]
    found = rise_interval(groups, torch.tensor(more), torch.tensor(tokens), level=0.9, seed=1)
    at = np.array([int(each[1:]) for each in groups])
    sums = np.stack([np.bincount(at, more), np.bincount(at, tokens)], axis=1)
    drawn = sums[chance.integers(0, 30, (20_000, 30))].sum(1)
    assert found == pytest.approx(np.quantile(drawn[:, 0] / drawn[:, 1], [0.05, 0.95]), abs=0.02)


def test_a_run_says_what_it_forgot_by_slice(tiny_model: Path, run: Run, trained: Run) -> None:
    """It said "yes" and learns "no"; the probe asks for "yes"."""
    probe = [{**row, "slices": {"kind": "yes"}} for row in texts(12)]
    options = {"learning_rate": 0.1, "epochs": 6}
    probed(run, tiny_model, "sft", probe, adapter=str(trained.adapter), options=options)
    result = run.attempt()
    assert result.ok, result.error
    assert result.metrics["probe_loss_after"] > result.metrics["probe_loss_before"] + 0.05
    (event,) = run.events("probe")
    assert [each["slice"] for each in event["slices"]] == ["all", "kind=yes"]
    (found,) = [each for each in result.findings if each["code"] == "forgot"]
    assert found["told"].startswith("12 rows of the probe: the loss rose from")
    assert "kind=yes: " in found["told"]
    first = run.artifact("probe.jsonl")[0]
    assert (first["id"], first["slices"]) == ("text-0", ["kind=yes"])
    assert first["logps_before"] != first["logps_after"]


def test_the_probe_teaches_nothing_and_is_read_the_same_by_every_attempt(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    """Before is before the first step, also where an attempt goes on from a checkpoint."""
    from shutil import rmtree

    options = {"checkpoint_every": 2, "max_steps": 4}
    assert probed(run, tiny_model, "sft", texts(9), options=options).attempt().ok
    inputs = {"train": another_run.rows("train", [{**row, "completion": answer("no")} for row in texts(8)])}  # fmt: skip
    another_run.ask("sft", model=str(tiny_model), inputs=inputs, options=QUICK | options)
    assert another_run.attempt().ok
    assert run.weights == another_run.weights

    first = run.result().metrics
    rmtree(run.folder / "checkpoints" / "step-00000004")
    assert run.attempt(2).ok
    again = run.result(2).metrics
    for name in ("probe_loss_before", "probe_loss_after"):
        assert again[name] == first[name]


def test_pairs_tell_how_often_chosen_is_the_likelier(tiny_model: Path, run: Run) -> None:
    options = {"epochs": 6, "learning_rate": 5e-2}
    result = probed(run, tiny_model, "dpo", pairs(8), options=options).attempt()
    assert result.ok, result.error
    assert result.metrics["probe_accuracy_after"] == 1
    assert not [each for each in result.findings if each["code"] == "forgot"]


def test_a_reward_model_takes_no_probe(tiny_model: Path, run: Run) -> None:
    result = probed(run, tiny_model, "reward", pairs(8)).attempt()
    assert result.fault == "input"
    assert "leave the probe out" in result.error
