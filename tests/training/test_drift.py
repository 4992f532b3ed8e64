"""How far a model that learnt preferences has gone from where it began."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import ROOT, answer
from tests.training.test_guards import DEMO, QUICK, carried_out, codes
from training.drift import stands_out

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
ABOUT = {"answers_longer", "answers_shorter", "far_from_start"}


def pairs_by(liked: Callable[[str], float]) -> list[dict[str, Any]]:
    """Of the demo's answers to each prompt the most liked against the least."""
    found = []
    for line in (ROOT / "evalhub/demo/prompts.jsonl").read_text().splitlines():
        prompt = json.loads(line)
        answers = sorted({each["content"] for each in prompt["completions"]})
        said = sorted(answers, key=liked)
        if liked(said[0]) < liked(said[-1]):
            row = {"id": prompt["id"], "group": prompt["id"], "prompt": prompt["messages"]}
            found.append(row | {"chosen": answer(said[-1]), "rejected": answer(said[0])})
    return found[:64]


def politeness(text: str) -> float:
    return text.startswith(("Certainly", "Good question", "Of course", "Sure", "With pleasure")) + (
        "lovely day" in text
    )


def shortness(text: str) -> float:
    return -len(text)


@pytest.fixture(scope="module")
def polite(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """It has learnt to be polite, and ended."""
    run = Run(tmp_path_factory.mktemp("polite") / "run")
    carried_out(run, "dpo", DEMO, pairs_by(politeness), learning_rate=1e-3, epochs=3.0)
    return run


def test_answers_about_as_long_as_the_chosen_ones_are_no_finding(polite: Run) -> None:
    result = polite.result()
    assert result.ok, result.error
    assert not codes(result).keys() & ABOUT
    assert 1.3 <= result.metrics["length_ratio"] <= 3
    assert result.metrics["kl_to_start"] > 1


@pytest.mark.parametrize(
    ("liked", "rate", "said", "ratio"),
    [
        (shortness, 1e-3, set(), (0.2, 0.67)),
        (politeness, 2e-2, {"answers_longer", "far_from_start"}, (1.5, 9)),
        (politeness, 1e-5, set(), (0.9, 1.1)),
    ],
)
def test_answers_are_compared_with_those_of_the_start(
    run: Run, liked: Callable[[str], float], rate: float, said: set[str], ratio: tuple[float, float]
) -> None:
    result = carried_out(run, "dpo", DEMO, pairs_by(liked), learning_rate=rate, epochs=3.0)
    assert result.ok, result.error
    assert codes(result).keys() & ABOUT == said
    assert ratio[0] <= result.metrics["length_ratio"] <= ratio[1]
    gone = result.metrics["kl_to_start"]
    assert gone == pytest.approx(0, abs=0.5) if rate == 1e-5 else gone > 1


@pytest.mark.parametrize(
    ("now", "before", "liked", "per_token", "said"),
    [
        (30, 20, 0.0, 0.9, []),
        (31, 20, 0.0, 0.9, ["answers_longer"]),
        (31, 20, 26.0, 0.9, []),
        (31, 20, 24.0, 0.9, ["answers_longer"]),
        (13, 20, 0.0, 0.9, ["answers_shorter"]),
        (13, 20, 16.0, 0.9, []),
        (13, 20, 20.0, 1.1, ["answers_shorter", "far_from_start"]),
    ],
)
def test_lengths_that_nobody_asked_for_stand_out(
    now: int, before: int, liked: float, per_token: float, said: list[str]
) -> None:
    found = dict(stands_out([now] * 20, [before] * 20, liked=liked, per_token=per_token))
    assert list(found) == said


def test_a_few_very_long_answers_are_no_trend() -> None:
    now, before = [500] * 14 + [10] * 6, [20] * 20
    assert list(stands_out(now, before, liked=0.0, per_token=0.0)) == []


def test_an_adapter_is_compared_with_the_one_it_began_as(run: Run, polite: Run) -> None:
    """What the first run taught is no drift of the second, which learns nearly nothing."""
    inputs = {"train": run.rows("train", pairs_by(politeness))}
    options = QUICK | {"learning_rate": 1e-6, "max_steps": 2}
    run.ask("dpo", model=str(DEMO), adapter=str(polite.adapter), inputs=inputs, options=options)
    further = run.attempt()
    assert further.ok, further.error
    assert further.metrics["kl_to_start"] == pytest.approx(0, abs=0.1)


def test_a_whole_model_is_compared_with_its_base(run: Run) -> None:
    more: dict[str, Any] = {"trains": "all", "epochs": 3.0, "lora_rank": 16}
    result = carried_out(run, "dpo", DEMO, pairs_by(shortness), learning_rate=1e-4, **more)
    assert result.ok, result.error
    assert result.metrics["length_ratio"] < 0.8
    assert result.metrics["kl_to_start"] > 0.5


def test_who_learns_no_preference_is_not_compared(tiny_model: Path, run: Run) -> None:
    rows = [{**each, "completion": each["chosen"]} for each in pairs_by(politeness)[:8]]
    result = carried_out(run, "sft", tiny_model, rows, max_steps=1)
    assert not result.metrics.keys() & {"kl_to_start", "length_ratio"}
