"""What the migration makes of Rounds that went on before there were ties and grids."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from tests.factories import HumanTrialFactory, JobFactory, RoundFactory, RunFactory, StepFactory

pytestmark = pytest.mark.django_db
migration = import_module("evalhub.loops.migrations.0003_rounds_name_what_they_made")


def test_what_a_step_kept_of_one_generation_is_a_list_of_one() -> None:
    step = StepFactory.create(kind="generate", result={"run": "r", "generation": "g"})
    job = JobFactory.create(kind="loops.generate", result={"generation": "g", "empty": 0})
    other = JobFactory.create(kind="runs.generate", result={"generation": "g"})
    migration.rename(apps, None)
    for row in (step, job, other):
        row.refresh_from_db()
    assert step.result == {"run": "r", "generations": ["g"]}
    assert job.result == {"generations": ["g"], "empty": 0}
    assert other.result == {"generation": "g"}


def test_the_runs_of_a_blind_trial_are_the_rounds() -> None:
    turn = RoundFactory.create()
    runs = RunFactory.create_batch(2, workspace=turn.loop.workspace)
    trial = HumanTrialFactory.create(
        workspace=turn.loop.workspace, candidate_run=runs[0], incumbent_run=runs[1]
    )
    StepFactory.create(round=turn, kind="decide", result={"trial": str(trial.uid)})
    migration.tie(apps, None)
    assert set(turn.runs.all()) == set(runs)
