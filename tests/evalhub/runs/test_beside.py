"""Builds that a run reads beside the one it learns from: through the service, the form and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.datasets.models import DatasetBuild
from evalhub.lineage.queries import models_of
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_adapter
from evalhub.runs.beside import Beside
from evalhub.runs.errors import BadSpec
from evalhub.runs.exporting.spec import exportable
from evalhub.runs.folder import spec_of
from evalhub.runs.models import Run, RunEvent
from evalhub.runs.queries import builds_of, run_summary
from evalhub.runs.services import start_training
from evalhub.runs.telling import told_by
from tests import factories
from tests.evalhub.runs.scenes import base_model, built

HOSTILE = "kind=<b>x</b>"


@pytest.fixture
def adapter(erin: Member, tmp_path: Path) -> LanguageModel:
    base = base_model(erin.workspace, tmp_path)
    files = {"adapter_config.json": {"key": "k", "sha256": "0" * 64}}
    return add_adapter(workspace=erin.workspace, name="a", parent=base, files=files)


@pytest.fixture
def other(erin: Member) -> DatasetBuild:
    """The task that was learnt before."""
    return built(erin.workspace, "sft", train=30, validation=10, test=0)


def started(erin: Member, model: LanguageModel, build: DatasetBuild, **given: Any) -> Run:
    options, recipe = given.pop("options", {}), given.pop("recipe", "sft")
    return start_training(workspace=erin.workspace, recipe=recipe, model=model, build=build, options=options, by=erin, beside=Beside(**given))  # fmt: skip


def test_the_trainer_gets_validation_rows_to_probe_and_training_rows_of_the_earlier_task(
    erin: Member, adapter: LanguageModel, build: DatasetBuild, other: DatasetBuild
) -> None:
    run = started(erin, adapter, build, probe=other, earlier=other, options={"ewc": 10.0})
    digests = spec_of(run).digests
    assert digests["probe"] == other.files["validation.jsonl"]["sha256"]
    assert digests["earlier"] == other.files["train.jsonl"]["sha256"]
    assert digests["train"] == build.files["train.jsonl"]["sha256"]
    assert run.beside == {"probe": str(other.uid), "earlier": str(other.uid)}
    assert Entry.objects.get(verb="run.started").details["probe"] == str(other.uid)
    assert [(name, each) for name, each in builds_of(run) if name == "build"] == [("build", build)]


def older_probe(build: DatasetBuild) -> DatasetBuild:
    build.files["validation.jsonl"] = build.files["train.jsonl"]
    build.rows["validation"] = 80
    build.save()
    return build


def test_the_plan_counts_only_rows_that_are_learnt_from(
    erin: Member, adapter: LanguageModel, build: DatasetBuild, other: DatasetBuild
) -> None:
    from evalhub.runs.telling import _planned

    run = started(erin, adapter, other, probe=older_probe(build), options={"epochs": 1.0})
    assert _planned(run) == 30
    assert exportable(run).build == other  # though the probe was built before


def test_what_does_nothing_or_cannot_be_read_is_refused(
    erin: Member, adapter: LanguageModel, build: DatasetBuild, other: DatasetBuild
) -> None:
    bare = built(erin.workspace, "sft", train=5, test=2)
    pairs = built(erin.workspace, "preference", train=9, test=3)
    unpaired = built(erin.workspace, "unpaired", train=9, test=3)
    foreign = built(factories.WorkspaceFactory.create(), "sft", validation=3)
    ewc = {"options": {"ewc": 1.0}}
    for given, why in (
        ({"probe": bare}, "has none: build it with a validation split"),
        ({"probe": unpaired}, "A probe is a sft or a preference build"),
        ({"probe": foreign}, "belong to one workspace"),
        ({"probe": build}, "cannot be the probe one as well"),
        ({"earlier": other}, "name both"),
        (ewc, "name both"),
        ({"earlier": pairs, **ewc}, "ewc reads an sft build"),
    ):
        with pytest.raises(BadSpec, match=why):
            started(erin, adapter, build, **given)
    with pytest.raises(BadSpec, match="a base gets a fresh one"):
        started(erin, adapter.base, build, earlier=other, **ewc)
    with pytest.raises(BadSpec, match="nothing that it could forget"):
        started(erin, adapter.base, pairs, recipe="reward", probe=other)
    assert not Run.objects.exists()


def test_the_form_offers_them_and_again_brings_them_back(
    client: Client, erin: Member, adapter: LanguageModel, build: DatasetBuild, other: DatasetBuild
) -> None:
    client.force_login(erin.user)  # type: ignore[arg-type]  # erin has an account
    url = reverse("runs:new", args=["acme"], query={"build": build.uid, "method": "sft", "model": adapter.uid})  # fmt: skip
    form = client.get(url).context["form"]
    assert [*form.fields["probe"].queryset] == [other]
    first = {name: form[name].field.prepare_value(form[name].initial) for name in form.fields}
    sent = {name: "" if value is None else value for name, value in first.items()}
    refused = client.post(url, sent | {"ewc": "5"})
    assert "name both" in refused.content.decode()
    client.post(url, sent | {"probe": other.uid, "earlier": other.uid, "ewc": "5"})
    run = Run.objects.get()
    assert run.beside == {"probe": str(other.uid), "earlier": str(other.uid)}
    again = client.get(reverse("runs:new", args=["acme"], query={"again": run.uid}))
    assert again.context["basis"].cleaned_data["build"] == build
    assert again.context["form"]["probe"].initial == str(other.uid)
    fresh = client.get(url.replace(str(adapter.uid), str(adapter.base.uid))).context["form"]
    assert {"ewc", "earlier"}.isdisjoint(fresh.fields)
    assert {"kl_to_base", "probe"} <= set(fresh.fields)


def test_the_page_and_the_api_say_what_was_forgotten(
    client: Client, erin: Member, adapter: LanguageModel, build: DatasetBuild, other: DatasetBuild
) -> None:
    run = started(erin, adapter, build, probe=other)
    figures = {"rows": 10, "before": 0.5, "after": 0.75, "rise": 0.25, "low": 0.1, "high": 0.4}
    slices = [
        {"slice": "all", **figures, "is_forgotten": False},
        {"slice": HOSTILE, **figures, "is_forgotten": True, "low": None, "high": None},
    ]
    RunEvent.objects.create(run=run, attempt=1, n=1, at=run.created_at, kind="probe", body={"slices": slices})  # fmt: skip
    assert told_by(run).probe == run_summary(run)["probe"] == slices
    client.force_login(erin.user)  # type: ignore[arg-type]  # erin has an account
    text = client.get(reverse("runs:detail", args=["acme", run.uid])).content.decode()
    assert "What was forgotten" in text
    assert "kind=&lt;b&gt;x&lt;/b&gt;" in text
    assert HOSTILE not in text
    assert "0.100 to 0.400" in text
    assert "too few prompts" in text
    assert "<dt>Probe</dt>" in text


def test_the_command_names_a_probe_and_refuses_what_no_run_reads(
    erin: Member, adapter: LanguageModel, build: DatasetBuild, other: DatasetBuild, tmp_path: Path
) -> None:
    path = tmp_path / "spec.json"
    spec = {"recipe": "sft", "model": adapter.name, "builds": {"train": str(build.uid), "probe": str(other.uid)}}  # fmt: skip
    spec["builds"] |= {"test": str(other.uid)}  # type: ignore[operator]  # a dict
    path.write_text(json.dumps(spec))
    with pytest.raises(CommandError, match="builds names test; a run reads train, probe and earlier"):  # fmt: skip
        call_command("train", path)
    spec["builds"] = {"train": str(build.uid), "probe": "nothing"}
    path.write_text(json.dumps(spec))
    with pytest.raises(CommandError, match=r"builds\.probe names no build"):
        call_command("train", path)
    assert not Run.objects.exists()


def test_a_teacher_is_named_with_its_weight_and_stands_in_the_spec(
    client: Client, erin: Member, adapter: LanguageModel, build: DatasetBuild
) -> None:
    base = adapter.base
    run = started(erin, base, build, teacher=adapter, options={"distil": 2.0})
    asked = spec_of(run)

    assert run.teacher == adapter
    assert (asked.teacher, asked.teacher_adapter) == (asked.model, "teacher")
    for given, why in (
        ({"teacher": adapter}, "name both"),
        ({"options": {"distil": 1.0}}, "name both"),
        (
            {"teacher": factories.LanguageModelFactory.create(), "options": {"distil": 1.0}},
            "its workspace",
        ),
    ):
        with pytest.raises(BadSpec, match=why):
            started(erin, base, build, **given)


def test_the_form_offers_teachers_and_remembers_the_one_of_an_earlier_run(
    client: Client, erin: Member, adapter: LanguageModel, build: DatasetBuild
) -> None:
    client.force_login(erin.user)
    run = started(erin, adapter.base, build, teacher=adapter, options={"distil": 2.0})

    again = client.get(f"/w/acme/runs/new/?again={run.uid}")
    page = client.get(f"/w/acme/runs/{run.uid}/").text

    assert f'<option value="{adapter.uid}" selected>' in again.text
    assert "<dt>Teacher</dt>" in page


def test_a_model_that_was_taught_by_another_is_touched_with_it(
    erin: Member, adapter: LanguageModel, build: DatasetBuild
) -> None:
    run = started(erin, adapter.base, build, teacher=adapter, options={"distil": 2.0})
    run.output_model = add_adapter(
        workspace=erin.workspace, name="pupil", parent=adapter.base, files={}
    )
    run.save()

    found = {each.model.name: each.through for each in models_of([], outside=[adapter])}

    assert found["pupil"] == f"learnt from {adapter}"
