"""Rows that count by their weight where a step is a mean over tokens: sft and text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Run
from tests.training.runs import SELDOM, documents, texts
from training.errors import InputError
from training.judged import token_weights
from training.rows import Row

watched = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
QUICK: dict[str, Any] = {
    "learning_rate": 1e-2,
    "batch_size": 4,
    "lora_rank": 2,
    "max_steps": 3,
} | SELDOM
MADE = {"sft": texts, "text": documents}


def rows_of(recipe: str, *weights: float | None) -> list[dict[str, Any]]:
    """One for each; without the column where there is none."""
    rows = MADE[recipe](len(weights))
    told = [{} if each is None else {"weight": each} for each in weights]
    return [row | more for row, more in zip(rows, told, strict=True)]


def trained(
    run: Run, model: Path, recipe: str, rows: list[dict[str, Any]], **options: Any
) -> list[float]:
    inputs = {"train": run.rows("train", rows), "validation": run.rows("v", MADE[recipe](3))}
    run.ask(recipe, model=str(model), inputs=inputs, options={**QUICK, **options})
    result = run.attempt()
    assert result.ok, result.error
    return run.losses()


def row(nth: int, **judged: Any) -> Row:
    return Row(nth, f"row-{nth}", "g", {}, judged=judged)


def test_token_weights_by_hand() -> None:
    """As many tokens: 1 and 3 are 0.5 and 1.5. Of 3 and 1 tokens: (1 · 3 + 3 · 1) / 4 = 1.5 on average."""
    rows = [row(1, weight=1.0), row(2, weight=3.0)]
    assert token_weights(rows, [5, 5], "rows") == pytest.approx([0.5, 1.5])
    assert token_weights(rows, [3, 1], "rows") == pytest.approx([1 / 1.5, 3 / 1.5])
    assert token_weights(rows, [3, 1], "none") == [1.0, 1.0]
    assert token_weights([row(1), row(2)], [3, 1], "rows") == [1.0, 1.0]
    with pytest.raises(InputError, match="weight is -1"):
        token_weights([row(1, weight=-1)], [3], "rows")
    with pytest.raises(InputError, match="weight 0"):
        token_weights([row(1, weight=0)], [3], "rows")


@watched
@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["sft", "text"])
def test_rows_that_weigh_the_same_train_as_if_they_had_no_weight(
    tiny_model: Path, run: Run, another_run: Run, recipe: str
) -> None:
    """To the bit, whatever that weight is."""
    weighed = trained(run, tiny_model, recipe, rows_of(recipe, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    plain = trained(another_run, tiny_model, recipe, rows_of(recipe, *[2.5] * 6), weights="none")
    assert weighed == plain
    assert run.weights == another_run.weights


@watched
@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["sft", "text"])
def test_a_weight_of_three_is_the_row_three_times(
    tiny_model: Path, run: Run, another_run: Run, recipe: str
) -> None:
    first, second = rows_of(recipe, None, None)
    one = trained(run, tiny_model, recipe, [first | {"weight": 3}, second], batch_size=2)
    repeated = [first | {"id": f"{first['id']}-{nth}"} for nth in range(3)]
    other = trained(another_run, tiny_model, recipe, [*repeated, second], batch_size=4)
    assert one == pytest.approx(other, abs=1e-6)


@watched
@pytest.mark.slow
def test_the_weighted_loss_is_that_of_each_row_alone_whatever_is_read_beside_it(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    """The sum of w · (what its tokens cost) over the sum of w · (how many they are), by the model itself."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = rows_of("text", 0.5, 1.0, 4.0, 0.0)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    lost = tokens = 0.0
    for each in rows:
        ids = torch.tensor([[*tokenizer(each["text"])["input_ids"], tokenizer.eos_token_id]])
        with torch.no_grad():
            cost = float(model(ids, labels=ids).loss) * (ids.shape[1] - 1)
        lost += each["weight"] * cost
        tokens += each["weight"] * (ids.shape[1] - 1)

    together = trained(run, tiny_model, "text", rows)
    in_turn = trained(another_run, tiny_model, "text", rows, batch_size=1, accumulation=4)
    assert together[0] == pytest.approx(lost / tokens, abs=1e-5)
    assert together == pytest.approx(in_turn, abs=1e-5)


@watched
@pytest.mark.slow
def test_every_window_of_a_document_counts_by_its_weight(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    """Cut or not: 0 leaves all of it out of what is learnt."""
    rows = rows_of("text", 1.0, 1.0)
    silent = {"id": "long", "group": "g", "text": "a" * 150, "weight": 0}
    options = {"max_length": 100, "batch_size": 8, "max_steps": 2}
    with_it = trained(run, tiny_model, "text", [*rows, silent], **options)
    without = trained(another_run, tiny_model, "text", rows, **options)
    assert with_it == pytest.approx(without, abs=1e-6)
