"""Answers: as many as asked for, the same ones every time."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import question, start, until
from training.contract import EXIT_INTERRUPTED, EXIT_SUCCEEDED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

DEMO_MODEL = Path(__file__).parents[2] / "training" / "assets" / "demo-model"


def generated(run: Run, model: Path, *, adapter: str = "", seed: int = 3, **options: Any) -> Run:
    rows = [{"id": f"p{i}", "prompt": question("q" * (i + 1))} for i in range(5)]
    inputs = {"prompts": run.rows("prompts", rows)}
    options = {"max_new_tokens": 6, **options}
    run.ask(
        "generate", model=str(model), adapter=adapter, seed=seed, inputs=inputs, options=options
    )
    result = run.attempt()
    assert result.ok, result.error
    return run


def test_the_same_spec_gives_the_same_answers(tiny_model: Path, run: Run, another_run: Run) -> None:
    one = generated(run, tiny_model, n=3, batch_size=4).artifact("completions.jsonl")
    other = generated(another_run, tiny_model, n=3, batch_size=4).artifact("completions.jsonl")
    assert one == other
    assert [(row["prompt"], row["index"]) for row in one] == [
        (f"p{i}", index) for i in range(5) for index in range(3)
    ]


def test_another_seed_gives_others(tiny_model: Path, run: Run, another_run: Run) -> None:
    one = generated(run, tiny_model, seed=1).artifact("completions.jsonl")
    assert one != generated(another_run, tiny_model, seed=2).artifact("completions.jsonl")


def test_without_temperature_there_is_no_chance(tiny_model: Path, run: Run) -> None:
    rows = generated(run, tiny_model, n=2, temperature=0.0).artifact("completions.jsonl")
    assert [row["content"] for row in rows[::2]] == [row["content"] for row in rows[1::2]]


def test_an_answer_says_how_it_ended(tiny_model: Path, run: Run, another_run: Run) -> None:
    """A fresh model rambles; the demo's model has learnt to stop."""
    rambling = generated(run, tiny_model, temperature=0.0).artifact("completions.jsonl")
    assert {(row["finish"], row["tokens"]) for row in rambling} == {("length", 6)}
    finished = generated(another_run, DEMO_MODEL, temperature=0.0, max_new_tokens=96)
    assert finished.result().metrics["stopped"] == 1.0
    assert {row["finish"] for row in finished.artifact("completions.jsonl")} == {"stop"}


def test_an_adapter_answers_otherwise(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    base = generated(run, tiny_model, temperature=0.0).artifact("completions.jsonl")
    adapted = generated(another_run, tiny_model, adapter=str(trained.adapter), temperature=0.0)
    assert adapted.artifact("completions.jsonl") != base


def test_a_prompt_that_leaves_no_room_is_left_out_where_somebody_said_why(
    tiny_model: Path, run: Run
) -> None:
    rows = [{"id": "long", "prompt": "x" * 250}, {"id": "short", "prompt": "x"}]
    inputs = {"prompts": run.rows("prompts", rows)}
    run.ask("generate", model=str(tiny_model), inputs=inputs, options={"max_new_tokens": 10})
    assert "1 of 2 rows (50.0%) cannot be used: long" in run.attempt().error

    options = {"max_new_tokens": 10, "allow_dropped": "they are known to be long"}
    run.ask("generate", model=str(tiny_model), inputs=inputs, options=options)
    result = run.attempt(2)
    assert result.metrics["prompts_left_out"] == 1
    assert "long (" in result.findings[0]["told"]
    assert {row["prompt"] for row in run.artifact("completions.jsonl")} == {"short"}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        pytest.param(signal.SIGTERM, EXIT_INTERRUPTED, marks=pytest.mark.long),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_stopped_and_begun_again_no_answer_is_lost_or_written_twice(
    tiny_model: Path, run: Run, another_run: Run, how: signal.Signals, code: int
) -> None:
    options = {"n": 400, "batch_size": 8, "max_new_tokens": 12}
    rows = [{"id": "p", "prompt": "x"}]
    for each in (run, another_run):
        each.ask("generate", model=str(tiny_model), inputs={"prompts": each.rows("p", rows)}, options=options)  # fmt: skip
    process = start(run.folder)
    until(lambda: bool(run.events("progress")), process)
    process.send_signal(how)
    assert process.wait() == code
    before = ledger_of(run)
    assert 0 < len(before) < 400
    assert start(run.folder, attempt=2).wait() == EXIT_SUCCEEDED
    after = ledger_of(run)
    assert after[: len(before)] == before, "what was written is not written again"
    assert len(set(after)) == len(after) == 400
    assert another_run.attempt().ok
    assert run.artifact("completions.jsonl") == another_run.artifact("completions.jsonl")


def ledger_of(run: Run) -> list[tuple[str, int, int]]:
    """The keys that are whole, in the order in which they were written."""
    text = (run.folder / "answers.jsonl").read_text("utf-8")
    whole = text[: text.rfind("\n")].splitlines()[1:]
    return [tuple(json.loads(line)["key"]) for line in whole]


@pytest.mark.parametrize("options", [{"n": 0}, {"top_p": 0.0}, {"temperature": -1.0}])
def test_a_setting_that_means_nothing_is_refused(
    tiny_model: Path, run: Run, options: dict[str, Any]
) -> None:
    inputs = {"prompts": run.rows("prompts", [{"id": "p", "prompt": "x"}])}
    result = run.ask("generate", model=str(tiny_model), inputs=inputs, options=options).attempt()
    assert result.fault == "input"
