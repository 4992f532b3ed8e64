"""Every training recipe on the sets that LLaMA-Factory ships and on oasst’s trees, with the demo model, to the end."""

from __future__ import annotations

import json
import math

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import training_rows
from evalhub.jobs import jobs
from evalhub.registry.models import LanguageModel
from evalhub.runs.beside import Beside
from evalhub.runs.models import Run
from evalhub.runs.services import start_training
from tests.real.conftest import real_file
from tests.real.scenes import built, demo_model, imported, imported_demos, imported_texts
from tests.real.test_imports import OASST

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
    made = {recipe: learnt(erin, recipe, model, builds[kind]) for recipe, kind in KINDS.items()}
    demand_rewarded(erin, model, builds[BuildKind.PREFERENCE], judge=made["reward"])


def test_each_recipe_learns_of_the_trees_of_oasst(erin: Member) -> None:
    """Answers that people wrote, and pairs from their rankings; kto is not among them."""
    model = demo_model(erin)
    imported(real_file(OASST), erin)
    kinds = {BuildKind.PREFERENCE, BuildKind.SFT}
    builds = {kind: built(erin, kind, model="demo-model", max_tokens=1024) for kind in kinds}
    made = {
        recipe: learnt(erin, recipe, model, builds[kind])
        for recipe, kind in KINDS.items()
        if kind in kinds
    }
    demand_rewarded(erin, model, builds[BuildKind.PREFERENCE], judge=made["reward"])


def test_raw_text_is_learnt_of_answers_as_documents(erin: Member) -> None:
    """Neither set ships raw text. What is longer than the model takes is read in windows, none is lost."""
    model = demo_model(erin)
    told = json.loads(real_file("llamafactory_demos/alpaca_en_demo.json").read_text("utf-8"))
    imported_texts([each["output"] for each in told if each["output"].strip()], erin)
    build = built(erin, BuildKind.TEXT, model="demo-model")
    assert build.rows["train"] > 500
    run = ended(erin, "text", model, build)
    assert run.metrics["rows"] >= build.rows["train"]
    assert math.isfinite(run.metrics["eval_loss_per_byte"])


def learnt(
    erin: Member, recipe: str, model: LanguageModel, build: DatasetBuild, *,
    judge: LanguageModel | None = None, **more: int
) -> Run:  # fmt: skip
    """A run to its end, with all rows of its build."""
    run = ended(erin, recipe, model, build, judge=judge, **more)
    assert run.metrics["rows"] == build.rows["train"], recipe
    assert math.isfinite(run.metrics["train_loss"]), recipe
    return run


def ended(
    erin: Member, recipe: str, model: LanguageModel, build: DatasetBuild, *,
    judge: LanguageModel | None = None, **more: int
) -> Run:  # fmt: skip
    run = start_training(
        workspace=erin.workspace,
        recipe=recipe,
        model=model,
        build=build,
        options=FEW | more,
        by=erin,
        despite="a test of the recipe, not of the rows",
        beside=Beside(teacher=judge),
    )
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    run.job.refresh_from_db()
    assert run.job.error == "", (recipe, run.job.error)
    assert run.metrics["rows_dropped"] == 0, recipe
    assert run.metrics["steps"] == FEW["max_steps"], recipe
    assert run.output_model is not None, recipe
    return run


def demand_rewarded(erin: Member, model: LanguageModel, build: DatasetBuild, *, judge: Run) -> None:
    """The last step of RLHF, by the reward model that was made of the same pairs."""
    run = learnt(erin, "rloo", model, build, judge=judge.output_model, n=2, max_new_tokens=16)
    assert math.isfinite(run.metrics["eval_reward"])
