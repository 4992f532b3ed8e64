"""The last step of RLHF: answers are drawn, a reward model compares them, the better ones become likelier."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Run
from tests.training.runs import answer, question, texts
from tests.training.test_settings import EVERYWHERE, NOT_OF_THE_WEIGHTS
from training.contract import OPTIONS
from training.losses import leave_one_out

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

QUICK: dict[str, Any] = {"learning_rate": 1e-2, "batch_size": 8, "max_new_tokens": 16, "beta": 0.0, "max_steps": 6,
                         "n": 8, "schedule": "constant", "warmup": 0.0}  # fmt: skip


def test_leave_one_out_by_hand() -> None:
    """3, 1, 2: 3 - (1 + 2) / 2 = 1.5; 1 - (3 + 2) / 2 = -1.5; 2 - (3 + 1) / 2 = 0. Equal ones say nothing."""
    told = leave_one_out(torch.tensor([[3.0, 1.0, 2.0], [5.0, 5.0, 5.0]]))
    assert told.tolist() == [[1.5, -1.5, 0.0], [0.0, 0.0, 0.0]]


@pytest.fixture(scope="module")
def likes_short(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward model that has learnt to like one "yes" better than several."""
    run = Run(tmp_path_factory.mktemp("reward") / "run")
    rows = [
        {
            "id": f"pair-{i}",
            "group": f"group-{i}",
            "prompt": question(f"q{i}"),
            "chosen": answer("yes"),
            "rejected": answer("yes" * (2 + i % 3)),
        }
        for i in range(16)
    ]
    options = {"learning_rate": 2e-2, "batch_size": 8, "lora_rank": 4, "epochs": 6}
    run.ask(
        "reward", model=str(tiny_model), inputs={"train": run.rows("train", rows)}, options=options
    )
    result = run.attempt()
    assert result.ok, result.error
    return run.adapter


def asked(run: Run, model: Path, policy: Path, judge: Path, **options: Any) -> Run:
    rows = texts(8)
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", rows[:4])}
    return run.ask("rloo", model=str(model), adapter=str(policy), teacher=str(model), teacher_adapter=str(judge),
                   inputs=inputs, options={**QUICK, **options})  # fmt: skip


def told(run: Run, name: str, number: int = 1) -> list[float]:
    return [body[name] for body in run.events("metrics", number) if name in body]


def test_what_the_reward_model_likes_becomes_likelier(
    tiny_model: Path, run: Run, trained: Run, likes_short: Path
) -> None:
    result = asked(run, tiny_model, trained.adapter, likes_short, evaluate_every=6).attempt()
    assert result.ok, result.error

    reward = told(run, "reward")
    assert sum(reward[-2:]) > sum(reward[:2])
    assert told(run, "kl_to_start")[0] == pytest.approx(0, abs=1e-4)
    assert told(run, "kl_to_start")[-1] != 0
    assert result.metrics["eval_reward"] == pytest.approx(-result.metrics["eval_loss"])
    assert run.weights != trained.weights
    assert not any(each["code"] == "length_bias" for each in result.findings)
    shown = run.events("preview")[0]
    assert [piece["name"] for piece in shown["pieces"]] == ["prompt"]


def test_an_attempt_that_goes_on_draws_the_same(
    tiny_model: Path, run: Run, trained: Run, likes_short: Path
) -> None:
    asked(run, tiny_model, trained.adapter, likes_short, checkpoint_every=2, n=2)
    assert run.attempt().ok
    before, rewards = run.weights, told(run, "reward")
    (run.folder / "checkpoints" / "step-00000006" / "optimizer.pt").unlink()

    assert run.attempt(2).ok

    assert run.events("progress", 2)[0]["done"] == 4
    assert run.weights == before
    assert told(run, "reward", 2) == rewards[4:]


def test_the_tie_to_where_it_began_and_the_penalty_change_what_is_learnt(
    tiny_model: Path, trained: Run, likes_short: Path, tmp_path: Path
) -> None:
    found = set()
    for name, options in (
        ("usual", {}),
        ("beta", {"beta": 1.0}),
        ("n", {"n": 3}),
        ("max_new_tokens", {"max_new_tokens": 8}),
        ("cut_penalty", {"cut_penalty": 9.0}),
    ):
        each = asked(
            Run(tmp_path / name), tiny_model, trained.adapter, likes_short,
            **{"max_steps": 2, "max_new_tokens": 4, "n": 4} | options,
        )  # fmt: skip
        assert each.attempt().ok, name
        found.add(each.weights)
    assert len(found) == 5


def test_no_setting_of_its_own_is_left_untried() -> None:
    known = {each.name for each in fields(OPTIONS["rloo"])}
    tried = (
        EVERYWHERE.keys()
        | NOT_OF_THE_WEIGHTS.keys()
        | {"beta", "n", "max_new_tokens", "cut_penalty"}
    )
    assert known - tried == {"lora_dropout"}


def test_it_says_what_it_lacks(
    tiny_model: Path, run: Run, another_run: Run, trained: Run, likes_short: Path
) -> None:
    without = asked(run, tiny_model, trained.adapter, Path()).ask(
        "rloo", model=str(tiny_model), inputs={"train": "train.jsonl"}
    )
    full = asked(another_run, tiny_model, trained.adapter, likes_short, max_new_tokens=255)

    assert "name one that the recipe reward made" in without.attempt().error
    assert "leave less than 255 tokens" in full.attempt().error
    assert OPTIONS["rloo"].of({"n": 1}).faults() == ["n is 1, but must be 2 or more"]


def test_a_model_that_writes_is_no_judge(tiny_model: Path, run: Run, trained: Run) -> None:
    assert (
        "writes answers" in asked(run, tiny_model, trained.adapter, trained.adapter).attempt().error
    )
