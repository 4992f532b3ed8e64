"""An experiment on the demo model: taught a second skill it forgets the first, unless something holds it.

Skill A: polite answers about animals. Skill B: curt answers about capitals. The probe holds A's answers to
prompts that no run learns from. Figures of three seeds stand in docs/training-checks.md.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from training.demo_model.corpus import Style, answer, items

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

MODEL = Path(__file__).parents[2] / "training" / "assets" / "demo-model"
OPTIONS: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 8, "epochs": 6.0, "lora_rank": 8}
SEED = 0
REPLAYED = 40  # rows, a third of the training rows
KEPT = 0.5  # share of the rise without anything that may be left


def skill(kind: str, style: Style, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """80 rows to learn from, the others to look at; a prompt stands in one of them."""
    chance = random.Random(SEED)
    found = [each for each in items() if each.kind == kind]
    chance.shuffle(found)
    rows = [
        {
            "id": f"{name}{at}",
            "group": f"{name}{at}",
            "prompt": [{"role": "user", "content": each.prompt}],
            "completion": [{"role": "assistant", "content": answer(each, style, chance)}],
        }
        for at, each in enumerate(found)
    ]
    return rows[:80], rows[80:140]


ANIMALS, PROBE = skill("animal", "polite", "A")
CAPITALS, OTHER_CAPITALS = skill("capital", "curt", "B")


def taught(
    folder: Path, rows: list[dict[str, Any]], adapter: Path | None = None, *, earlier: bool = False,
    teacher: Path | None = None, **options: Any
) -> Run:  # fmt: skip
    run = Run(folder)
    inputs = {
        "train": run.rows("train", rows),
        "validation": run.rows("validation", OTHER_CAPITALS),
        "probe": run.rows("probe", PROBE),
    }
    if earlier:
        inputs["earlier"] = run.rows("earlier", ANIMALS)
    taught_by = {"teacher": str(MODEL), "teacher_adapter": str(teacher)} if teacher else {}
    run.ask("sft", model=str(MODEL), adapter=str(adapter or ""), inputs=inputs, options=OPTIONS | options, seed=SEED, **taught_by)  # fmt: skip
    result = run.attempt()
    assert result.ok, result.error
    return run


def rise(run: Run) -> float:
    metrics = run.result().metrics
    return metrics["probe_loss_after"] - metrics["probe_loss_before"]


def forgot(run: Run) -> bool:
    return any(each["code"] == "forgot" for each in run.result().findings)


def test_without_anything_the_old_skill_drops_and_with_each_it_stays(tmp_path: Path) -> None:
    first = taught(tmp_path / "first", ANIMALS)
    assert rise(first) < -0.05  # the skill is learnt
    second = taught(tmp_path / "second", CAPITALS, first.adapter)
    lost = rise(second)
    assert lost > 0.05
    assert forgot(second)

    held = {
        "kl_to_base": taught(tmp_path / "kl", CAPITALS, first.adapter, kl_to_base=0.3),
        "distil": taught(
            tmp_path / "distil", CAPITALS, first.adapter, teacher=first.adapter, distil=0.3
        ),
        "ewc": taught(tmp_path / "ewc", CAPITALS, first.adapter, earlier=True, ewc=1000.0),
        "replay": taught(tmp_path / "replay", [*CAPITALS, *ANIMALS[:REPLAYED]], first.adapter),
    }
    knew = first.result().metrics["eval_loss"]
    learnt = knew - second.result().metrics["eval_loss"]
    for name, run in held.items():
        assert rise(run) < KEPT * lost, name
        assert not forgot(run), name
        gained = knew - run.result().metrics["eval_loss"]
        assert gained > 0.8 * learnt, name  # it learns all the same
