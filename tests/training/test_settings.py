"""A setting that changes nothing is a lie on a form: each one is changed once, and the weights must differ."""

from __future__ import annotations

import itertools
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import documents, pairs, texts
from training.contract import OPTIONS, TrainOptions
from training.rows import Row, share_of

SHORT: dict[str, Any] = {
    "learning_rate": 1e-2, "batch_size": 2, "lora_rank": 2, "max_steps": 2, "evaluate_every": 2, "weight_decay": 0.1,
    "checkpoint_every": 100,
}  # fmt: skip
EVERYWHERE: dict[str, dict[str, Any]] = {  # the setting, and what else it needs to act
    "epochs": {"epochs": 1.0, "max_steps": 0, "train_share": 0.5},
    "max_steps": {"max_steps": 1},
    "batch_size": {"batch_size": 3},
    "accumulation": {"accumulation": 2},
    "schedule": {"schedule": "constant"},
    "warmup": {"warmup": 0.6},
    "weight_decay": {"weight_decay": 0.5},
    "l1": {"l1": 1.0},
    "l2": {"l2": 1.0},
    "max_length": {"max_length": 14, "allow_dropped": "a test"},
    "lora_rank": {"lora_rank": 3},
    "lora_alpha": {"lora_alpha": 8},
    "lora_variant": {"lora_variant": "dora"},
    "lora_plus": {"lora_plus": 4.0},
    "target_modules": {"target_modules": "q_proj"},
    "learning_rate": {"learning_rate": 5e-3},
    "train_share": {"train_share": 0.5},
}
OWN: dict[str, dict[str, dict[str, Any]]] = {
    "sft": {
        "lora_dropout": {"lora_dropout": 0.5},
        "kl_to_base": {"kl_to_base": 5.0, "max_steps": 3},  # where a run begins it pulls nowhere
        "weights": {"weights": "none"},
    },
    "text": {"lora_dropout": {"lora_dropout": 0.5}, "weights": {"weights": "none"}},
    "dpo": {
        "beta": {"beta": 0.5},
        "loss": {"loss": ["ipo", "sft"]},
        "loss_weights": {"loss_weights": [1.0, 1.0]},
        "label_smoothing": {"loss": ["robust", "sft"], "label_smoothing": 0.3},
        "labels": {"labels": "hard"},
        "weights": {"weights": "none"},
    },
    "kto": {"beta": {"beta": 0.5}, "balance": {"balance": "none"}, "weights": {"weights": "none"}},
    "reward": {
        "labels": {"labels": "hard"},
        "weights": {"weights": "none"},
        "margins": {"margins": "none"},
    },
}
NOT_OF_THE_WEIGHTS = {
    "threads": "how fast, not what",
    "devices": "who reads which rows: test_world",
    "sharding": "where the base lies: test_splitting",
    "checkpoint_every": "what a killed run loses",
    "evaluate_every": "how often it is looked at; with patience when it ends",
    "patience": "ends a run: test_patience",
    "allow_dropped": "a reason in words: test_data",
    "quantise": "needs a card: test_quantising",
    "trains": "what is trained: test_whole",
    "ewc": "holds an adapter that is trained further: test_forgetting",
    "distil": "learns from a teacher: test_teacher",
}
KTO_ROWS = [
    {**row, "label": bool(at % 3), "weight": 1.0 + at % 2} for at, row in enumerate(texts(8))
]
PAIRS = [
    {**row, "p_chosen": 0.7 + 0.2 * (at % 2), "weight": 1.0 + at % 2, "margin": at % 3 / 2,
     "rejected": [{"role": "assistant", "content": "bad" * (1 + 3 * (at == 5))}]}
    for at, row in enumerate(pairs(8))
]  # fmt: skip
LONGER = [
    {**row, "weight": 1.0 + at % 2,
     "completion": [{"role": "assistant", "content": "yes" * (1 + 3 * (at == 5))}]}
    for at, row in enumerate(texts(8))
]  # fmt: skip
DOCUMENTS = [{**row, "weight": 1.0 + at % 2} for at, row in enumerate(documents(8))]
ROWS: dict[str, list[dict[str, Any]]] = {"sft": LONGER, "text": DOCUMENTS, "dpo": PAIRS, "kto": KTO_ROWS, "reward": PAIRS}  # fmt: skip


def weights(folder: Path, recipe: str, model: Path, options: dict[str, Any]) -> bytes:
    run = Run(folder)
    rows = run.rows("train", ROWS[recipe])
    run.ask(recipe, model=str(model), inputs={"train": rows}, options={**SHORT, **options})
    result = run.attempt()
    assert result.ok, result.error
    return run.weights


def test_every_setting_is_tried() -> None:
    for recipe, own in OWN.items():
        known = {each.name for each in fields(OPTIONS[recipe])}
        tried = EVERYWHERE.keys() | own.keys() | NOT_OF_THE_WEIGHTS.keys()
        assert known - tried == (set() if recipe in ("sft", "text") else {"lora_dropout"})
    assert OPTIONS["dpo"].of({"lora_dropout": 0.1}).faults() == [
        "lora_dropout is 0.1, but must be 0: this recipe has none"
    ]
    assert issubclass(OPTIONS["kto"], TrainOptions)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("recipe", ["sft", *(pytest.param(name, marks=pytest.mark.long) for name in ("text", "dpo", "kto", "reward"))])  # fmt: skip
def test_every_setting_changes_the_weights(recipe: str, tiny_model: Path, tmp_path: Path) -> None:
    changes = (EVERYWHERE if recipe == "sft" else {}) | OWN[recipe]
    usual = weights(tmp_path / "usual", recipe, tiny_model, {})
    for name, change in changes.items():
        others = {key: value for key, value in change.items() if key != name}
        before = weights(tmp_path / f"before-{name}", recipe, tiny_model, others) if others else usual  # fmt: skip
        assert weights(tmp_path / name, recipe, tiny_model, change) != before, name


def test_a_smaller_share_lies_within_a_larger_one_and_keeps_groups_whole() -> None:
    rows = [Row(n, f"r{n}", f"g{n // 2}", {}) for n in range(40)]
    shares = [share_of(rows, share, seed=1) for share in (0.25, 0.5, 0.75, 1.0)]
    assert [len(each) for each in shares] == [10, 20, 30, 40]
    for smaller, larger in itertools.pairwise(shares):
        assert {row.id for row in smaller} < {row.id for row in larger}
        assert [row.number for row in smaller] == sorted(row.number for row in smaller)
    for each in shares:
        assert len({row.group for row in each}) * 2 == len(each)
    assert share_of(rows, 0.5, seed=2) != shares[1]
    assert share_of(rows, 0.001, seed=1)  # never nothing
