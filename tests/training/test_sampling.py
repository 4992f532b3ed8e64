"""Fixed prompts are answered at each evaluation, and training goes on as if nobody had asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import pairs, texts
from training.sampling import PROMPTS, Sampler, drawn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]
OPTIONS: dict[str, Any] = {
    "learning_rate": 1e-2, "batch_size": 2, "lora_rank": 2, "max_steps": 4, "evaluate_every": 2,
}  # fmt: skip


def asked(run: Run, recipe: str, model: Path, rows: list[dict[str, Any]], **options: Any) -> Run:
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", rows)}
    run.ask(recipe, model=str(model), inputs=inputs, options={**OPTIONS, **options}, seed=5)
    result = run.attempt()
    assert result.ok, result.error
    return run


def test_the_same_prompts_at_each_evaluation_in_the_likeliest_words(
    tiny_model: Path, run: Run
) -> None:
    rows = [*texts(8), {**texts(1)[0], "id": "the same prompt again"}]
    told = asked(run, "sft", tiny_model, rows, lora_dropout=0.2).events("sample")
    assert [each["step"] for each in told] == [0] * PROMPTS + [2] * PROMPTS + [4] * PROMPTS
    names = [each["prompt"] for each in told]
    assert names[:PROMPTS] == names[PROMPTS : 2 * PROMPTS] == names[-PROMPTS:]
    assert len(set(names)) == PROMPTS
    assert {each["asked"] for each in told} <= {f"q{n}" for n in range(8)}
    before, after = told[:PROMPTS], told[-PROMPTS:]
    assert [each["content"] for each in before] != [each["content"] for each in after]


def test_asking_changes_no_bit_of_the_weights(
    tiny_model: Path, run: Run, another_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout draws chance at each step, so a draw that is not put back would show."""
    asked(run, "sft", tiny_model, texts(8), lora_dropout=0.2)
    monkeypatch.setattr(Sampler, "tell", lambda self, step: None)
    asked(another_run, "sft", tiny_model, texts(8), lora_dropout=0.2)
    assert another_run.events("sample") == []
    assert run.weights == another_run.weights


def test_a_reward_model_is_asked_nothing_and_a_pairs_prompt_is_asked_once(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    assert asked(run, "reward", tiny_model, pairs(4)).events("sample") == []
    assert len(asked(another_run, "dpo", tiny_model, pairs(2)).events("sample")) == 3 * 2


def test_prompts_are_drawn_by_the_seed_and_fit() -> None:
    from tests.training.test_watching import pair

    rows = [pair(1, 1, prompt=n) for n in range(1, 9)]
    for number, row in enumerate(rows):
        row.row.number = number
    short = drawn(rows, seed=1, room=5)
    assert len(short) == PROMPTS
    assert max(len(row.prompt) for row in short) <= 5
    assert drawn(rows, seed=1, room=8) == drawn(rows, seed=1, room=8) != drawn(rows, seed=2, room=8)
    assert drawn(rows, seed=1, room=0) == []
