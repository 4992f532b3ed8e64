"""Runs on raw text: which builds they take, what they are told, and what of them others can say."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.jobs import execute
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import Recipe, Run
from evalhub.runs.services import start_measuring, start_training
from evalhub.sweeps.services import start_sweep
from tests.evalhub.runs.scenes import base_model, built, without_torch

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def build(erin: Member) -> DatasetBuild:
    return built(erin.workspace, "text", train=3, validation=2)


def test_it_is_started_by_the_form_and_makes_an_adapter_that_writes(
    client: Client, erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    assert erin.user is not None
    client.force_login(erin.user)
    begun = client.get(reverse("runs:new", args=["acme"], query={"build": build.uid}))
    assert begun.context["basis"].initial["method"] == "text"
    query = {"build": build.uid, "method": "text", "model": base.uid}
    url = reverse("runs:new", args=["acme"], query=query)
    form = client.get(url).context["form"]
    first = {name: form[name].field.prepare_value(form[name].initial) for name in form.fields}
    written = {name: "" if value is None else value for name, value in first.items()}

    assert client.post(url, written | {"batch_size": "64"}).status_code == 302

    [run] = Run.objects.all()
    execute(run.job.uid)
    run.refresh_from_db()
    assert (run.recipe, run.adapter.kind) == (Recipe.TEXT, ModelKind.ADAPTER)
    assert sorted(run.spec["inputs"]) == ["train", "validation"]


def test_a_document_may_make_many_rows_so_only_what_is_certain_is_refused(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    started = {"workspace": erin.workspace, "recipe": "text", "model": base, "by": erin}
    start_training(build=build, options={"batch_size": 64, "evaluate_every": 9}, **started)
    unseen = built(erin.workspace, "text", train=3)
    with pytest.raises(BadSpec, match="patience looks at validation rows"):
        start_training(build=unseen, options={"patience": 2}, **started)
    with pytest.raises(BadSpec, match="text needs a text build"):
        start_training(build=built(erin.workspace, "sft"), **started)
    with pytest.raises(BadSpec, match="one to read and one to learn"):
        start_training(build=build, options={"max_length": 1}, **started)


def test_its_tokens_are_counted_and_it_is_swept_by_the_loss_per_byte(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    run = start_measuring(build=build, model=base, by=erin)
    assert run.spec["options"] == {"answers": ["text"]}
    other = base_model(erin.workspace, Path(base.source).parent, name="other")
    sweep = start_sweep(
        workspace=erin.workspace, recipe="text", build=build, models=[base, other], by=erin,
        space={"learning_rate": {"choices": [1e-5, 1e-4]}}, objective="eval_loss_per_byte",
    )  # fmt: skip
    assert sweep.recipe == "text"
