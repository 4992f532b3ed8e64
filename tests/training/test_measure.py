"""How long rows are for a model, without any of its weights."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from tests.training.conftest import Run
from tests.training.runs import pairs, texts

pytestmark = pytest.mark.slow


def test_rows_are_counted_as_training_counts_them(tiny_model: Path, run: Run) -> None:
    """ "<user>q0<eos><assistant>" has 5 tokens; answers of 4, 7, 10 and 13 with their ends, of 99 rows each
    fourth; one row in a hundred is too long.
    """
    bare = copytree(tiny_model, run.folder / "bare")
    (bare / "model.safetensors").unlink()  # none of its weights is read
    rows = [*texts(8), {"id": "long", "prompt": "p", "completion": "x" * 300}]
    inputs = {"train": run.rows("train", rows), "test": run.rows("test", texts(1))}
    result = run.ask("measure", model="bare", inputs=inputs).attempt()
    assert result.ok, result.error
    told = {name.removeprefix("train_"): value for name, value in result.metrics.items() if name.startswith("train_")}  # fmt: skip
    assert told == {
        "rows": 9, "too_long": 1, "otherwise_left_out": 0, "median": 5 + 10, "p95": 302, "longest": 302,
        "learnt_tokens": 2 * (4 + 7 + 10 + 13), "tokens": 8 * 5 + 2 * (4 + 7 + 10 + 13),
    }  # fmt: skip
    assert result.metrics["limit"] == 256
    assert result.metrics["test_longest"] == 9
    assert [row for row in run.artifact("lengths.jsonl") if row["reason"]] == [
        {"input": "train", "id": "long", "tokens": 302, "reason": "302 tokens, 256 fit"}
    ]


def test_of_a_pair_the_longer_answer_counts(tiny_model: Path, run: Run) -> None:
    inputs = {"train": run.rows("train", pairs(2))}
    options = {"answers": ["chosen", "rejected"], "max_length": 9}
    result = run.ask("measure", model=str(tiny_model), inputs=inputs, options=options).attempt()
    assert (result.metrics["train_longest"], result.metrics["train_too_long"]) == (5 + 5, 2)


def test_without_an_input_there_is_nothing_to_measure(tiny_model: Path, run: Run) -> None:
    result = run.ask("measure", model=str(tiny_model)).attempt()
    assert result.fault == "input"
    assert "name an input" in result.error
