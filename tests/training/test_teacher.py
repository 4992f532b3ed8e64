"""Learning from what a teacher would say, word by word. Shapes: M tokens, H, V."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.training.conftest import Run
from tests.training.runs import SELDOM, texts
from training.contract import OPTIONS, SftOptions
from training.divergence import imitation
from training.shrinking import Shrinking

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

QUICK = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "epochs": 4, "schedule": "constant", "warmup": 0.0} | SELDOM  # fmt: skip


def head(words: int) -> nn.Linear:
    """Gives its first inputs back as logits."""
    made = nn.Linear(words, words, bias=False)
    with torch.no_grad():
        made.weight.copy_(torch.eye(words))
    return made


def test_imitation_by_hand() -> None:
    """A teacher's (3/4, 1/4) and a model's (1/2, 1/2): 3/4 ln 3/2 + 1/4 ln 1/2 = 0.130812; two tokens double it.

    The gradient by logit i is p_i - t_i: 1/2 - 3/4 = -0.25.
    """
    hidden = torch.zeros(2, 2, requires_grad=True)
    taught = torch.tensor([[3.0, 1.0], [3.0, 1.0]]).log()
    far = imitation(head(2), hidden, head(2), taught)
    far.backward()
    assert float(far.detach()) == pytest.approx(2 * 0.1308120, abs=1e-6)
    assert hidden.grad is not None
    assert hidden.grad[0].tolist() == pytest.approx([-0.25, 0.25], abs=1e-6)
    assert float(imitation(head(2), taught, head(2), taught).detach()) == pytest.approx(0, abs=1e-7)


def test_a_teacher_with_a_larger_vocabulary_is_read_in_the_words_of_both() -> None:
    taught = torch.tensor([[3.0, 1.0, 1.0]]).log()
    far = imitation(head(2), torch.zeros(1, 2), head(3), taught)
    assert float(far.detach()) == pytest.approx(0.1308120, abs=1e-6)


def test_l1_and_l2_pull_every_trained_weight_to_nothing() -> None:
    """w = (2, -3), l1 = 0.5, l2 = 0.1: 0.5 · (1, -1) + 0.1 · (2, -3) = (0.7, -0.8), added to the gradient."""
    model = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[2.0, -3.0]]))
    model.weight.grad = torch.tensor([[1.0, 1.0]])
    Shrinking(model, SftOptions(l1=0.5, l2=0.1)).on_pre_optimizer_step()
    assert model.weight.grad.tolist()[0] == pytest.approx([1.7, 0.2])


def asked(run: Run, model: Path, *, teacher: str = "", teacher_adapter: str = "", **options: Any) -> Run:  # fmt: skip
    rows = run.rows("train", texts(8))
    return run.ask("sft", model=str(model), teacher=teacher, teacher_adapter=teacher_adapter,
                   inputs={"train": rows}, options={**QUICK, **options})  # fmt: skip


def kl(run: Run) -> list[float]:
    return [body["kl_to_teacher"] for body in run.events("metrics") if "kl_to_teacher" in body]


def test_a_model_comes_nearer_to_its_teacher(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    """The teacher is the base with an adapter that has learnt; a fresh adapter begins as the base."""
    teacher = {"teacher": str(tiny_model), "teacher_adapter": str(trained.adapter)}
    result = asked(run, tiny_model, **teacher, distil=5.0).attempt()
    assert result.ok, result.error
    assert asked(another_run, tiny_model).attempt().ok

    far = kl(run)
    assert far[-1] < far[0] / 2
    assert run.weights != another_run.weights
    assert result.environment["model"] == str(tiny_model)


def test_a_model_that_is_its_teacher_has_nothing_to_learn_from_it(
    tiny_model: Path, run: Run
) -> None:
    assert asked(run, tiny_model, teacher=str(tiny_model), distil=1.0, max_steps=1).attempt().ok

    assert kl(run) == pytest.approx([0.0], abs=1e-6)


def test_a_teacher_and_its_weight_go_together(tiny_model: Path, run: Run, another_run: Run) -> None:
    without = asked(run, tiny_model, distil=1.0).attempt()
    unread = asked(another_run, tiny_model, teacher=str(tiny_model)).attempt()

    assert "name one, or set distil to 0" in without.error
    assert "nothing reads it" in unread.error
    assert OPTIONS["sft"].of({"distil": -1.0}).faults() == ["distil is -1.0, but must be 0 or more"]


def test_a_teacher_with_other_tokens_is_refused(tiny_model: Path, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    text = (other / "tokenizer.json").read_text("utf-8")
    assert '"a":' in text
    (other / "tokenizer.json").write_text(text.replace('"a":', '"ä":', 1), "utf-8")

    told = asked(run, tiny_model, teacher=str(other), distil=1.0).attempt()

    assert "has other tokens than" in told.error
