"""Places for answers: each written once, what was said twice written anew, nothing lost to a stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import question
from training.attempt import Attempt
from training.backends import Asked
from training.backends.null import NullBackend
from training.contract import GenerateOptions, RunSpec
from training.errors import Interrupted
from training.events import EventLog
from training.ledger import NAME, Ledger
from training.recipes.generate import answer_rows
from training.rows import read_rows
from training.stopping import Stop

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)

Says = Callable[[Asked], str]


def attempt_of(run: Run, *, prompts: int = 2, stop: Stop | None = None, **options: Any) -> Attempt:
    rows = [{"id": f"p{at}", "prompt": question(f"q{at}")} for at in range(prompts)]
    run.ask("generate", seed=3, inputs={"prompts": run.rows("prompts", rows)}, options=options)
    (run.folder / "artifacts").mkdir(exist_ok=True)
    events = EventLog(run.folder)
    spec = RunSpec.read(run.folder)
    return Attempt(spec=spec, run_dir=run.folder, events=events, stop=stop or Stop())


def filled(attempt: Attempt, says: Says | None = None) -> tuple[NullBackend, dict[str, float]]:
    attempt.events.close()
    attempt.events = EventLog(attempt.run_dir)
    rows = read_rows(attempt.needed_input("prompts"), name="prompts", fields=("prompt",))
    backend = NullBackend(rows, says)
    options = GenerateOptions.of(attempt.spec.options)
    try:
        return backend, answer_rows(attempt, options, backend)
    finally:
        attempt.events.close()


def test_every_setting_of_a_grid_gets_its_answers(run: Run) -> None:
    backend, told = filled(attempt_of(run, n=2, temperatures=[0.5, 1.0], top_ps=[0.9, 1.0]))
    rows = run.artifact("completions.jsonl")
    assert told["completions"] == len(rows) == 16
    assert [(row["index"], row["temperature"], row["top_p"]) for row in rows[:8]] == [
        (0, 0.5, 0.9), (1, 0.5, 0.9), (2, 0.5, 1.0), (3, 0.5, 1.0),
        (4, 1.0, 0.9), (5, 1.0, 0.9), (6, 1.0, 1.0), (7, 1.0, 1.0),
    ]  # fmt: skip
    assert [row["seed"] for row in rows] == [each.seed for each in backend.asked]
    assert len({row["seed"] for row in rows}) == 16


def test_what_was_said_twice_is_written_anew_by_another_seed(run: Run) -> None:
    """The second answer to each prompt says what the first says until its third try."""

    def says(asked: Asked) -> str:
        return (
            "the  same\n"
            if asked.index == 1 and asked.turn < 2
            else f"the same{' too' * asked.turn}"
        )

    backend, told = filled(attempt_of(run, n=2, refills=3), says)
    rows = run.artifact("completions.jsonl")
    assert [row["content"] for row in rows[:2]] == ["the same", "the same too too"]
    assert (told["rewritten"], told["repeated"]) == (4, 0)
    assert rows[1]["seed"] == backend.asked[-2].seed, "the seed is that of what is kept"
    assert len({each.seed for each in backend.asked}) == len(backend.asked)


def test_a_place_for_which_nothing_new_is_said_stays_empty(run: Run) -> None:
    _, told = filled(attempt_of(run, n=3, refills=2), lambda asked: asked.row.id)
    assert [row["content"] for row in run.artifact("completions.jsonl")] == ["p0", "p1"]
    assert (told["rewritten"], told["repeated"]) == (8, 4)


def test_duplicates_stay_where_nobody_minds_and_the_likeliest_is_not_asked_twice(run: Run) -> None:
    _, told = filled(attempt_of(run, n=2), lambda asked: "same")
    assert (told["completions"], told["repeated"]) == (4, 0)
    backend, told = filled(attempt_of(run, n=2, refills=5, temperature=0.0), lambda asked: "same")
    assert (told["completions"], told["repeated"], len(backend.asked)) == (2, 2, 4)


def test_stopped_anywhere_it_goes_on_with_what_is_missing(run: Run, another_run: Run) -> None:
    filled(attempt_of(another_run, n=3, refills=1))
    stop = Stop()

    def says(asked: Asked) -> str:
        if (asked.row.id, asked.index) == ("p1", 0):
            stop.request()
        return f"{asked.row.id} {asked.seed}"

    with pytest.raises(Interrupted):
        filled(attempt_of(run, n=3, refills=1, stop=stop), says)
    backend, _ = filled(attempt_of(run, n=3, refills=1))
    assert [(each.row.id, each.index) for each in backend.asked] == [("p1", 1), ("p1", 2)]
    assert run.artifact("completions.jsonl") == another_run.artifact("completions.jsonl")


@pytest.mark.parametrize("cut", [1, 20])
def test_half_a_line_is_written_again(run: Run, cut: int) -> None:
    attempt = attempt_of(run, n=2)
    filled(attempt)
    whole = run.artifact("completions.jsonl")
    path = run.folder / NAME
    path.write_bytes(path.read_bytes()[:-cut])
    backend, _ = filled(attempt)
    assert [(each.row.id, each.index) for each in backend.asked] == [("p1", 1)]
    assert run.artifact("completions.jsonl") == whole
    keys = [tuple(json.loads(line)["key"]) for line in path.read_text().splitlines()[1:]]
    assert len(keys) == len(set(keys)) == 4


def test_another_spec_begins_anew(run: Run) -> None:
    filled(attempt_of(run, n=1))
    backend, _ = filled(attempt_of(run, n=2))
    assert len(backend.asked) == 4


def test_another_machine_goes_on_from_the_last_checkpoint(run: Run) -> None:
    attempt = attempt_of(run, n=1)
    filled(attempt)
    ledger = Ledger(run.folder)
    checkpoint = ledger.publish()
    ledger.close()
    (run.folder / NAME).unlink()  # what another machine does not have
    backend, _ = filled(attempt)
    assert backend.asked == []
    (run.folder / NAME).unlink()
    (checkpoint / NAME).write_text("{}\n", "utf-8")  # changed after it was written
    backend, _ = filled(attempt)
    assert len(backend.asked) == 2


@pytest.mark.slow
def test_many_cut_answers_are_told(run: Run, tiny_model: Path) -> None:
    rows = [{"id": "p", "prompt": "x"}]
    run.ask("generate", model=str(tiny_model), inputs={"prompts": run.rows("p", rows)}, options={"max_new_tokens": 3})  # fmt: skip
    result = run.attempt()
    assert [each["code"] for each in result.findings] == ["answers_cut"]
    assert "1 of 1 answers, at 3 tokens" in result.findings[0]["told"]


def test_the_best_need_somebody_who_says_what_is_best(run: Run) -> None:
    rows = [{"id": "p", "prompt": "x"}]
    run.ask("generate", inputs={"prompts": run.rows("p", rows)}, options={"n": 2, "best": 1})
    assert "best needs a reward model as teacher" in run.attempt().error


@pytest.mark.slow
def test_the_best_by_the_reward_model_are_kept(
    run: Run, another_run: Run, tiny_model: Path, tmp_path: Path
) -> None:
    """As many as were asked for, and none left out is liked better than one that was kept."""
    pairs = [{"id": f"r{at}", "prompt": question(f"q{at}"), "chosen": [{"role": "assistant", "content": "good"}], "rejected": [{"role": "assistant", "content": "bad"}]} for at in range(8)]  # fmt: skip
    judge = another_run.ask(
        "reward", model=str(tiny_model), inputs={"train": another_run.rows("train", pairs)},
        options={"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "max_steps": 4},
    )  # fmt: skip
    assert judge.attempt().ok
    rows = [{"id": f"p{at}", "prompt": question(f"q{at}")} for at in range(3)]
    wanted = {"n": 4, "max_new_tokens": 6, "temperature": 1.0}
    shared = {
        "model": str(tiny_model), "teacher": str(tiny_model), "teacher_adapter": str(judge.adapter),
        "inputs": {"prompts": run.rows("prompts", rows)}, "seed": 5,
    }  # fmt: skip
    run.ask("generate", **shared, options=wanted)
    result = run.attempt()
    assert result.ok, result.error
    every = run.artifact("completions.jsonl")
    assert len({row["reward"] for row in every}) > 3

    run.ask("generate", **shared, options=wanted | {"best": 2})
    assert run.attempt(2).ok
    kept = run.artifact("completions.jsonl")
    for prompt in ("p0", "p1", "p2"):
        best = sorted((row for row in every if row["prompt"] == prompt), key=lambda row: -row["reward"])[:2]  # fmt: skip
        assert {row["index"] for row in best} == {row["index"] for row in kept if row["prompt"] == prompt}  # fmt: skip
