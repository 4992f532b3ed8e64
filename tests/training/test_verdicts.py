"""KTO: answers called good or bad, each alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Run
from tests.training.runs import answer, question, start
from training.contract import KtoOptions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


def verdicts(count: int, **columns: Any) -> list[dict[str, Any]]:
    """Of four, one is a good answer."""
    return [
        {"id": f"v{i}", "prompt": question(f"q{i}"), "completion": answer("bad" if i % 4 else "good"), "label": i % 4 == 0, **columns}
        for i in range(count)
    ]  # fmt: skip


def kto(run: Run, model: Path, rows: Sequence[dict[str, Any]], **options: Any) -> Run:
    inputs = {"train": run.rows("train", list(rows)), "validation": run.rows("validation", verdicts(8))}  # fmt: skip
    given = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "epochs": 2, **options}
    return run.ask("kto", model=str(model), inputs=inputs, options=given)


def test_it_starts_at_one_half_and_tells_good_from_bad(tiny_model: Path, run: Run) -> None:
    result = kto(run, tiny_model, verdicts(12), epochs=4, balance="none").attempt()
    assert result.ok, result.error
    assert run.losses()[0] == pytest.approx(0.5, abs=1e-4)
    first, *_, last = [body for body in run.events("metrics") if "eval_loss" in body]
    assert first["eval_loss"] == pytest.approx(0.5, abs=1e-4)
    assert last["eval_good_gain"] > last["eval_bad_gain"]
    assert last["eval_loss"] < 0.5


def test_killed_before_its_end_it_ends_the_same(tiny_model: Path, run: Run) -> None:
    """The other answers are drawn from the seed, and the reference is kept."""
    from shutil import rmtree

    assert kto(run, tiny_model, verdicts(12), checkpoint_every=2).attempt().ok
    weights = run.weights
    rmtree(sorted((run.folder / "checkpoints").glob("step-*"))[-1])
    assert run.attempt(2).ok
    assert run.weights == weights


@pytest.mark.parametrize(
    "rows, options, why",
    [
        (verdicts(4, label=1), {}, "label is 1, but must be true or false"),
        (verdicts(4, prompt=question("q")), {}, "at least two prompts"),
        (verdicts(4), {"batch_size": 1}, "batch_size is 1, but must be 4 or more"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    tiny_model: Path, run: Run, rows: list[dict[str, Any]], options: dict[str, Any], why: str
) -> None:
    result = kto(run, tiny_model, rows, **options).attempt()
    assert result.fault == "input"
    assert why in result.error


def test_the_other_answer_is_to_another_prompt_and_fits() -> None:
    from training.data import Encoded
    from training.recipes.kto import with_another
    from training.rows import Row

    rows = [
        Encoded(Row(i, str(i), "", {}), [i // 3] * 5, {"completion": [i] * 6}) for i in range(9)
    ]
    for at, made in enumerate(with_another(rows, rows, seed=1, limit=9)):
        own, other = made.completions
        assert own == [at] * 6
        assert other[0] // 3 != at // 3
        assert len(made.prompt) + len(other) == 9


def test_good_and_bad_weigh_the_same_in_sum() -> None:
    """One good of weight 2 and three bad of weight 1: 2 and 2/3 each, their mean is 1."""
    from training.recipes.kto import balanced

    made = balanced(torch.tensor([2.0, 1.0, 1.0, 1.0]), torch.tensor([True, False, False, False]))
    assert made.tolist() == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])
    alone = balanced(torch.tensor([1.0, 1.0]), torch.tensor([True, True]))
    assert alone.tolist() == [1.0, 1.0]


def test_a_batch_too_small_for_a_drift_is_refused() -> None:
    assert KtoOptions(batch_size=4).faults() == []
    (fault,) = KtoOptions(batch_size=3).faults()
    assert fault == "batch_size is 3, but must be 4 or more: drift is a mean over a batch"


@pytest.mark.long
def test_several_devices_take_the_drift_each_over_its_own_rows(
    tiny_model: Path, run: Run, another_run: Run, tmp_path: Path
) -> None:
    """As the help says of kto alone: near to what one device learns, and the same with the base split or not."""
    split_run, more = Run(tmp_path / "split"), {"batch_size": 4, "max_steps": 8}
    assert kto(run, tiny_model, verdicts(12), **more).attempt().ok
    kto(another_run, tiny_model, verdicts(12), devices=2, **more)
    kto(split_run, tiny_model, verdicts(12), devices=2, sharding="fsdp", **more)
    for each in (another_run, split_run):
        assert start(each.folder).wait(120) == 0
    alone, together, split = (each.losses() for each in (run, another_run, split_run))
    assert together[0] == pytest.approx(alone[0], abs=2e-6), "nothing has drifted yet"
    assert split == pytest.approx(together, abs=2e-6)
    assert together == pytest.approx(alone, abs=0.03)
    assert together != pytest.approx(alone, abs=1e-4)
