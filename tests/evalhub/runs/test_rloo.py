"""Runs against a reward model: what they must name, and what they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.jobs import execute
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.beside import Beside
from evalhub.runs.errors import BadSpec
from evalhub.runs.exporting.spec import exportable
from evalhub.runs.folder import spec_of
from evalhub.runs.models import Run
from evalhub.runs.services import start_training
from evalhub.sweeps.errors import BadSweep
from evalhub.sweeps.services import start_sweep
from tests.evalhub.runs.scenes import base_model, built, without_torch

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def judge(erin: Member, base: LanguageModel) -> LanguageModel:
    return add_adapter(
        workspace=erin.workspace, name="judge", parent=base, files={}, kind=ModelKind.REWARD
    )


@pytest.fixture
def build(erin: Member) -> DatasetBuild:
    return built(erin.workspace, "preference", train=80)


def started(erin: Member, model: LanguageModel, build: DatasetBuild, **more: Any) -> Run:
    teacher = more.pop("teacher", None)
    return start_training(workspace=erin.workspace, recipe="rloo", model=model, build=build, by=erin,
                          beside=Beside(teacher=teacher), **more)  # fmt: skip


def test_it_reads_the_reward_model_and_makes_an_adapter_that_writes(
    erin: Member, base: LanguageModel, judge: LanguageModel, build: DatasetBuild
) -> None:
    run = started(erin, base, build, teacher=judge)
    asked = spec_of(run)
    execute(run.job.uid)
    run.refresh_from_db()

    assert (asked.teacher, asked.teacher_adapter) == (asked.model, "teacher")
    assert run.adapter.kind == ModelKind.ADAPTER
    assert exportable(run).recipe == "rloo"


def test_without_a_reward_model_it_is_refused(
    erin: Member, base: LanguageModel, judge: LanguageModel, build: DatasetBuild
) -> None:
    with pytest.raises(BadSpec, match="name one as the teacher"):
        started(erin, base, build)
    with pytest.raises(CannotRun, match="gives no rewards"):
        started(erin, base, build, teacher=base)
    with pytest.raises(CannotRun, match="scores answers and writes none"):
        started(erin, judge, build, teacher=judge)
    with pytest.raises(BadSweep, match="compared by eval_reward, not by eval_loss"):
        start_sweep(workspace=erin.workspace, recipe="rloo", build=build, models=[base],
                    space={"learning_rate": {"choices": [1e-5, 1e-4]}}, by=erin)  # fmt: skip
    assert not Run.objects.exists()


def test_the_form_asks_for_the_reward_model(
    client: Client, erin: Member, base: LanguageModel, judge: LanguageModel, build: DatasetBuild
) -> None:
    assert erin.user is not None
    client.force_login(erin.user)
    url = reverse(
        "runs:new", args=["acme"], query={"build": build.uid, "method": "rloo", "model": base.uid}
    )
    form = client.get(url).context["form"]
    first = {name: form[name].field.prepare_value(form[name].initial) for name in form.fields}
    written = {name: "" if value is None else value for name, value in first.items()}

    without = client.post(url, written)
    with_it = client.post(url, written | {"teacher": str(judge.uid)})
    swept = client.get(reverse("sweeps:new", args=["acme"]))

    assert without.context["form"].errors["teacher"]
    assert with_it.status_code == 302
    [run] = Run.objects.all()
    assert (run.recipe, run.teacher) == ("rloo", judge)
    assert "rloo" in swept.text
