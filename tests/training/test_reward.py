"""A reward model, and the scores that it gives."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import SELDOM, answer, pairs, question

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

QUICK = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "epochs": 6} | SELDOM


def reward(run: Run, model: Path, rows: list[dict[str, Any]], **options: Any) -> Run:
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", pairs(3))}
    return run.ask("reward", model=str(model), inputs=inputs, options={**QUICK, **options})


@pytest.fixture(scope="module")
def rewarder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """It has learnt that "good" is better than "bad"."""
    made = reward(Run(tmp_path_factory.mktemp("rewarder") / "run"), tiny_model, pairs(8))
    result = made.attempt()
    assert result.ok, result.error
    return made


def score(run: Run, model: Path, adapter: Path | str, said: list[str], **options: Any) -> Run:
    rows = [{"id": f"c{i}", "prompt": question("q1"), "completion": answer(text)} for i, text in enumerate(said)]  # fmt: skip
    inputs = {"completions": run.rows("completions", rows)}
    return run.ask("score", model=str(model), adapter=str(adapter), inputs=inputs, options=options)


def test_it_starts_at_ln_2_and_finds_the_better_one(rewarder: Run) -> None:
    assert rewarder.losses()[0] == pytest.approx(math.log(2), abs=1e-4)
    metrics = rewarder.result().metrics
    assert metrics["eval_reward_accuracy"] == 1
    assert metrics["eval_loss"] < 0.5


def test_the_head_is_in_the_artifact(rewarder: Run) -> None:
    from safetensors import safe_open

    found = sorted(path.name for path in rewarder.adapter.iterdir())
    assert found == ["README.md", "adapter_config.json", "adapter_model.safetensors"]
    with safe_open(rewarder.adapter / "adapter_model.safetensors", "pt") as tensors:
        assert any("score" in name for name in tensors.keys())  # noqa: SIM118  # no mapping


def test_scores_are_those_of_training_whatever_the_batch(tiny_model: Path, run: Run, another_run: Run, rewarder: Run) -> None:  # fmt: skip
    """Their gap is the gap that the last validation found on the same texts."""
    said = ["good", "bad", "good, but much longer"]
    assert score(run, tiny_model, rewarder.adapter, said).attempt().ok
    one, other = (each["score"] for each in run.artifact("scores.jsonl")[:2])
    assert one - other == pytest.approx(rewarder.result().metrics["eval_gap"], rel=0.2)
    assert one > other
    assert score(another_run, tiny_model, rewarder.adapter, said, batch_size=1).attempt().ok
    apart, together = ([row["score"] for row in each.artifact("scores.jsonl")] for each in (another_run, run))  # fmt: skip
    assert apart == pytest.approx(together, abs=1e-5)
    assert [row["id"] for row in run.artifact("scores.jsonl")] == ["c0", "c1", "c2"]


def test_a_margin_asks_for_a_wider_gap(tiny_model: Path, run: Run, another_run: Run) -> None:
    """The first loss is log(1 + e^margin): 2.1269 for a margin of 2; and ln 2 where margins are not used."""
    rows = pairs(4, margin=2.0)
    assert reward(run, tiny_model, rows, max_steps=1).attempt().ok
    assert run.losses() == [pytest.approx(2.126928, abs=1e-4)]
    assert reward(another_run, tiny_model, rows, max_steps=1, margins="none").attempt().ok
    assert another_run.losses() == [pytest.approx(math.log(2), abs=1e-4)]


def test_resumed_it_ends_the_same(tiny_model: Path, run: Run) -> None:
    """The head is in the checkpoint too."""
    from shutil import rmtree

    assert reward(run, tiny_model, pairs(8), checkpoint_every=5).attempt().ok
    weights = run.weights
    rmtree(sorted((run.folder / "checkpoints").glob("step-*"))[-1])
    assert run.attempt(2).ok
    assert run.events("progress", 2)[0]["done"] == 10
    assert run.weights == weights


def test_adapters_are_not_mistaken_for_each_other(tiny_model: Path, run: Run, another_run: Run, rewarder: Run, trained: Run) -> None:  # fmt: skip
    result = score(run, tiny_model, trained.adapter, ["good"]).attempt()
    assert result.fault == "input"
    assert "writes answers; the score recipe needs one that scores answers" in result.error
    rows = another_run.rows("prompts", [{"id": "1", "prompt": question("q")}])
    another_run.ask("generate", model=str(tiny_model), adapter=str(rewarder.adapter), inputs={"prompts": rows})  # fmt: skip
    result = another_run.attempt()
    assert result.fault == "input"
    assert "scores answers; the generate recipe needs one that writes answers" in result.error


def test_answers_have_the_rewards_of_a_reward_model(
    tiny_model: Path, run: Run, rewarder: Run
) -> None:
    inputs = {
        "prompts": run.rows(
            "prompts", [{"id": f"p{i}", "prompt": question(f"q{i}")} for i in range(3)]
        )
    }
    options = {"max_new_tokens": 4, "timed": 0}
    run.ask(
        "evaluate", model=str(tiny_model), inputs=inputs, options=options,
        teacher=str(tiny_model), teacher_adapter=str(rewarder.adapter),
    )  # fmt: skip
    assert run.attempt().ok
    said = [row for row in run.artifact("predictions.jsonl") if row["content"].strip()]
    assert said
    assert all(isinstance(row["reward"], float) for row in said)


def test_held_out_pairs_measure_a_reward_model_whatever_the_batch(
    tiny_model: Path, run: Run, another_run: Run, rewarder: Run
) -> None:
    """On the rows that validated it the accuracy is that of training; a pair turned round is lost, a tie left out."""
    held_out = pairs(4)
    turned = {**held_out[3], "chosen": held_out[3]["rejected"], "rejected": held_out[3]["chosen"]}
    rows = [*held_out[:3], turned, {**pairs(5)[4], "p_chosen": 0.5}]
    for each, size in ((run, 1), (another_run, 4)):
        given = {"pairs": each.rows("pairs", rows)}
        spec = {"model": str(tiny_model), "adapter": str(rewarder.adapter), "inputs": given}
        assert each.ask("evaluate", **spec, options={"batch_size": size}).attempt().ok
        assert each.result().metrics == {"pairs": 4, "reward_accuracy": 0.75}
    for one, other in zip(run.artifact("pairs.jsonl"), another_run.artifact("pairs.jsonl"), strict=True):  # fmt: skip
        assert one["id"] == other["id"]
        assert one["chosen_reward"] == pytest.approx(other["chosen_reward"], abs=1e-4)
    assert "ties_passed_over" in {each["code"] for each in run.result().findings}


def test_a_reward_model_writes_nothing_that_could_be_measured(
    tiny_model: Path, run: Run, rewarder: Run
) -> None:
    prompts = run.rows("prompts", [{"id": "a", "group": "a", "prompt": question("q")}])
    run.ask("evaluate", model=str(tiny_model), adapter=str(rewarder.adapter), inputs={"prompts": prompts})  # fmt: skip
    run.attempt()
    assert "it is measured on pairs alone" in run.result().error
    assert run.result().fault == "input"
