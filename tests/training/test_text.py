"""Continued training on raw text: every token is learnt once, and documents do not see each other."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.conftest import Run
from tests.training.runs import SELDOM, documents, texts
from training.documents import windows

watched = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
QUICK: dict[str, Any] = {
    "learning_rate": 1e-2,
    "batch_size": 4,
    "lora_rank": 2,
    "max_steps": 4,
} | SELDOM


def asked(
    run: Run,
    model: Path,
    rows: list[dict[str, Any]],
    beside: dict[str, str] | None = None,
    **options: Any,
) -> Run:
    inputs = {
        "train": run.rows("train", rows),
        "validation": run.rows("validation", documents(4)),
        **(beside or {}),
    }
    return run.ask("text", model=str(model), inputs=inputs, options={**QUICK, **options})


def test_windows_by_hand() -> None:
    """Five tokens after the first, three to a window at most: two windows, of two and three."""
    assert windows([1, 2, 3, 4, 5, 6], 4) == [[1, 2, 3], [3, 4, 5, 6]]
    assert windows([1, 2, 3, 4], 4) == [[1, 2, 3, 4]]


@given(length=st.integers(2, 400), limit=st.integers(2, 50))
def test_each_token_but_the_first_is_learnt_once(length: int, limit: int) -> None:
    found = windows(list(range(length)), limit)
    assert [token for each in found for token in each[1:]] == list(range(1, length))
    assert max(map(len, found)) <= limit
    assert len(found) == math.ceil((length - 1) / (limit - 1))


@watched
@pytest.mark.slow
def test_the_loss_is_that_of_every_token_of_each_document_alone(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    """As the model itself, given one document at a time, says; whatever is read beside it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    lost = tokens = 0.0
    for row in documents(4):
        ids = torch.tensor([[*tokenizer(row["text"])["input_ids"], tokenizer.eos_token_id]])
        with torch.no_grad():
            lost += float(model(ids, labels=ids).loss) * (ids.shape[1] - 1)
        tokens += ids.shape[1] - 1
    size = sum(len(row["text"].encode()) for row in documents(4))

    assert asked(run, tiny_model, documents(4)).attempt().ok
    assert asked(another_run, tiny_model, documents(4), batch_size=1, accumulation=4).attempt().ok
    before = run.events("metrics")[0]
    assert before["eval_loss"] == pytest.approx(lost / tokens, abs=1e-5)
    assert before["eval_loss_per_byte"] == pytest.approx(lost / size, abs=1e-5)
    assert run.losses()[0] == pytest.approx(lost / tokens, abs=1e-5)
    assert run.losses() == pytest.approx(another_run.losses(), abs=1e-5)
    assert run.losses()[-1] < run.losses()[0]


@watched
@pytest.mark.slow
def test_a_long_document_is_cut_and_none_of_it_is_lost(tiny_model: Path, run: Run) -> None:
    """999 bytes and the end are 999 tokens after the first, of which a window learns 99: 11 windows."""
    rows = [*documents(2), {"id": "long", "group": "g", "text": "a" * 999}]
    result = asked(run, tiny_model, rows, max_length=100, max_steps=1, batch_size=8).attempt()
    assert result.ok, result.error
    (found,) = [each for each in result.findings if each["when"] == "before"]
    assert (found["code"], found["told"]) == (
        "documents_cut",
        "1 of 7, into 11 windows of at most 100 tokens",
    )
    assert (result.metrics["rows"], result.metrics["rows_dropped"]) == (13, 0)


@watched
@pytest.mark.slow
def test_it_writes_on_from_held_out_documents_and_need_not_end(tiny_model: Path, run: Run) -> None:
    rows = [*documents(199), {"id": "empty", "group": "g", "text": " "}]
    result = asked(run, tiny_model, rows, max_steps=1).attempt()
    assert result.ok, result.error
    told = run.events("sample")
    assert {each["asked"] for each in told} <= {
        row["text"][:n] for row in documents(4) for n in range(33)
    }
    assert {each["step"] for each in told} == {0, 1}
    assert "answers_ended" not in result.metrics
    assert result.metrics["rows_dropped"] == 1
    assert run.artifact("dropped.jsonl")[0]["reason"] == "text is empty"


@watched
@pytest.mark.slow
def test_it_goes_on_to_the_same_weights_and_a_probe_is_read(tiny_model: Path, run: Run) -> None:
    probe = {"probe": run.rows("probe", texts(9))}
    asked(
        run,
        tiny_model,
        documents(8),
        beside=probe,
        checkpoint_every=2,
        lora_dropout=0.1,
        patience=3,
    )
    result = run.attempt()
    assert result.ok, result.error
    assert {"probe_loss_before", "probe_loss_after", "best_step"} <= set(result.metrics)
    before = run.weights
    (run.folder / "checkpoints" / "step-00000004" / "optimizer.pt").unlink()
    assert run.attempt(2).ok
    begun = [each["done"] for each in run.events("progress", 2) if each["note"] == "training"]
    assert begun == [2]
    assert run.weights == before
