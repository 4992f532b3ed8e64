"""Trained whole by the real trainer, a model is laid out from the file store and begun with again.

The demo model is stored in 16 bits; what comes out in the 32 that it was trained in, so nothing is lost.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as project

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.registry.files import weights_of
from evalhub.registry.services import add_base_model
from evalhub.runs.models import Run
from evalhub.runs.services import start_training
from tests.evalhub.runs.scenes import built

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


def test_what_one_run_trained_whole_the_next_one_begins_with(
    erin: Member, settings: Any, tmp_path: Any
) -> None:
    settings.EVALHUB_DATA_DIR = tmp_path / "machine"
    base = add_base_model(
        workspace=erin.workspace, name="demo", source=project.EVALHUB_BASE_MODEL, by=erin
    )
    build = built(erin.workspace, "sft", train=8, validation=4)
    options = {"max_steps": 4, "batch_size": 4, "learning_rate": 1e-3}

    def trained(model: Any, **more: Any) -> Run:
        run = start_training(
            workspace=erin.workspace, recipe="sft", model=model, build=build, by=erin,
            options={**options, **more},
        )  # fmt: skip
        execute(run.job.uid)
        run.refresh_from_db()
        run.job.refresh_from_db()
        assert run.is_closed, run.job.error
        return run

    first = trained(base, trains="all")
    whole = first.output_model
    assert whole is not None
    second = trained(whole)
    assert weights_of(whole.source) == weights_of(base.source)
    begun = [e.body["eval_loss"] for e in second.events.order_by("n") if "eval_loss" in e.body]
    assert begun[0] == pytest.approx(first.metrics["eval_loss"], abs=1e-4)
    before = first.events.filter(body__has_key="eval_loss").order_by("n")[0].body["eval_loss"]
    assert begun[0] < before - 1
    assert second.adapter.base == whole
