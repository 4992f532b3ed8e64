"""Our client against a server that is not ours: `transformers serve`, on the demo's model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.conftest import Run
from tests.training.runs import needs_transformers_serve, question, serving
from training.contract import PRIVATE_VARIABLE

MODEL = Path(__file__).parents[2] / "training" / "assets" / "demo-model"
ASKED = ("Why is the sky blue?", "What is the capital of France?", "Hi")

pytestmark = [pytest.mark.slow, needs_transformers_serve]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with serving(MODEL, tmp_path / "log") as url:
        yield url


def test_it_writes_what_the_same_model_writes_here(
    served: str, run: Run, another_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRIVATE_VARIABLE, "127.0.0.1")
    rows = [{"id": f"p{at}", "prompt": question(asked)} for at, asked in enumerate(ASKED)]
    options = {"temperature": 0.0, "max_new_tokens": 40}
    endpoint = {"url": served, "model": str(MODEL), "prices": [1.0, 2.0], "at_once": 2}
    run.ask("generate", inputs={"prompts": run.rows("p", rows)}, options=options, endpoint=endpoint)
    another_run.ask("generate", model=str(MODEL), inputs={"prompts": another_run.rows("p", rows)}, options=options)  # fmt: skip
    theirs, ours = run.attempt(), another_run.attempt()
    assert theirs.ok, theirs.error
    assert ours.ok, ours.error
    told = [[(row["content"], row["finish"]) for row in each.artifact("completions.jsonl")] for each in (run, another_run)]  # fmt: skip
    assert told[0] == told[1]
    assert theirs.metrics["answers_uncounted"] == 0
    assert theirs.metrics["cost"] > 0
