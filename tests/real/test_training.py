"""Every training recipe on the sets that LLaMA-Factory ships, with the demo model, to the end."""

from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.queries import training_rows
from evalhub.jobs import jobs
from evalhub.runs.services import start_training
from tests.real.scenes import built, demo_model, imported_demos

pytestmark = pytest.mark.long

FEW = {"max_steps": 3, "batch_size": 2, "learning_rate": 1e-3, "evaluate_every": 3, "threads": 2}
KINDS = {
    "sft": BuildKind.SFT,
    "dpo": BuildKind.PREFERENCE,
    "reward": BuildKind.PREFERENCE,
    "kto": BuildKind.UNPAIRED,
}


def test_each_recipe_learns_of_all_that_llamafactory_ships(erin: Member) -> None:
    """1,299 answers (some 300 with tools), 300 pairs and 300 single judgments, too long ones left out."""
    model = demo_model(erin)
    imported_demos(erin)
    builds = {
        kind: built(erin, kind, model="demo-model", max_tokens=1024) for kind in KINDS.values()
    }
    rows = [row for row, _ in training_rows(builds[BuildKind.SFT])]
    assert any("tools" in row for row in rows)
    assert any("tool_calls" in turn for row in rows for turn in row["prompt"])
    for recipe, kind in KINDS.items():
        run = start_training(
            workspace=erin.workspace,
            recipe=recipe,
            model=model,
            build=builds[kind],
            options=FEW,
            by=erin,
            despite="a test of the recipe, not of the rows",
        )
        jobs.execute(run.job.uid)
        run.refresh_from_db()
        run.job.refresh_from_db()
        assert run.job.error == "", (recipe, run.job.error)
        assert run.metrics["rows"] == builds[kind].rows["train"], recipe
        assert run.metrics["rows_dropped"] == 0, recipe
