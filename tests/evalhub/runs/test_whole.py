"""A model of which all weights were trained is a base of the registry, wherever its files lie."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.jobs import execute
from evalhub.lineage.queries import models_of
from evalhub.registry.errors import UnfitModel
from evalhub.registry.files import folder_of, inspect_whole, weights_of
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import default_base_model
from evalhub.remote.queries import lent, open_base_file
from evalhub.runs import sameness
from evalhub.runs.again import repeat_run
from evalhub.runs.errors import BadSpec, FileChanged
from evalhub.runs.exporting.services import export_run
from evalhub.runs.folder import lay_out, spec_of
from evalhub.runs.models import Run
from evalhub.runs.sameness import is_equal_to_the_bit
from evalhub.runs.services import start_run, start_training
from tests.evalhub.runs.scenes import base_model, built, without_torch
from training.environment import code_digest

pytestmark = pytest.mark.django_db
HERE: dict[str, Any] = {"libraries": sameness._libraries_here(), "code": code_digest()}


@pytest.fixture
def base(
    erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> LanguageModel:
    settings.EVALHUB_DATA_DIR = tmp_path / "machine"
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def build(erin: Member) -> DatasetBuild:
    return built(erin.workspace, "sft", train=8)


def trained(erin: Member, model: LanguageModel, build: DatasetBuild, **options: Any) -> Run:
    run = start_training(workspace=erin.workspace, recipe="sft", model=model, build=build, by=erin,
                         options={"batch_size": 4, **options})  # fmt: skip
    execute(run.job.uid)
    run.refresh_from_db()
    return run


def made_whole(erin: Member, base: LanguageModel, build: DatasetBuild) -> LanguageModel:
    made = trained(erin, base, build, trains="all").output_model
    assert made is not None
    return made


def test_it_is_a_base_that_comes_from_another_and_can_be_trained_and_asked(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    whole = made_whole(erin, base, build)
    assert (whole.kind, whole.parent, whole.base) == (ModelKind.BASE, base, whole)
    assert sorted(whole.facts["files"]) == ["config.json", "model.safetensors"]
    assert folder_of(whole.source) is None

    adapter = trained(erin, whole, build).adapter
    asked = start_run(workspace=erin.workspace, recipe="generate", model=adapter)

    assert (adapter.kind, adapter.base) == (ModelKind.ADAPTER, whole)
    place = folder_of(whole.source)
    assert place is not None
    assert spec_of(asked).model == str(place)
    assert json.loads((place / "config.json").read_text()) == {}
    assert weights_of(whole.source) is None  # made up by the null trainer: no safetensors


def test_what_lies_here_is_not_fetched_again_and_is_looked_at(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    whole = made_whole(erin, base, build)
    run = start_run(workspace=erin.workspace, recipe="generate", model=whole)
    lay_out(run, lambda: None)
    place = folder_of(whole.source)
    assert place is not None
    before = (place / "model.safetensors").stat().st_ino
    lay_out(run, lambda: None)
    assert (place / "model.safetensors").stat().st_ino == before
    (place / "config.json").write_text("{ }")
    with pytest.raises(FileChanged, match="Delete that directory: it is laid out anew"):
        lay_out(run, lambda: None)
    rmtree(place)
    lay_out(run, lambda: None)
    assert (place / "config.json").read_text() == "{}"


def test_what_is_known_of_its_data_is_known_of_it(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    first = trained(erin, base, build, trains="all")
    assert first.output_model is not None
    adapter = trained(erin, first.output_model, build).adapter
    assert {each.model for each in models_of([first])} == {first.output_model, adapter}
    assert default_base_model(workspace=erin.workspace) == base


def test_an_adapter_is_no_beginning_for_all_weights(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    adapter = trained(erin, base, build).adapter
    with pytest.raises(BadSpec, match="All weights are trained from a base"):
        trained(erin, adapter, build, trains="all")
    with pytest.raises(BadSpec, match="lora_rank is 8, but must be 16 where trains is all"):
        trained(erin, base, build, trains="all", lora_rank=8)


def test_the_form_leaves_out_what_belongs_to_adapters(
    client: Client, erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    assert erin.user is not None
    client.force_login(erin.user)
    query = {"build": build.uid, "method": "sft", "model": base.uid}
    url = reverse("runs:new", args=["acme"], query=query)
    form = client.get(url).context["form"]
    first = {name: form[name].field.prepare_value(form[name].initial) for name in form.fields}
    written = {name: "" if value is None else value for name, value in first.items()}
    assert written["lora_rank"] == 8
    assert client.post(url, written | {"trains": "all", "batch_size": "2"}).status_code == 302
    [run] = Run.objects.all()
    assert run.trains_all
    assert not [name for name in run.spec["options"] if name.startswith("lora")]
    execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    page = client.get(reverse("registry:detail", args=["acme", run.output_model.uid]))
    assert "A whole model as transformers reads it" in page.text


def test_a_worker_elsewhere_gets_its_files_by_name_and_digest(
    erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    whole = made_whole(erin, base, build)
    run = start_run(workspace=erin.workspace, recipe="generate", model=whole)
    told = lent(run)
    assert (told["base"]["digest"], told["spec"]["model"]) == (whole.digest, "")
    assert told["base"]["files"]["config.json"] == 2
    with open_base_file(run, "config.json") as stream:
        assert stream.read() == b"{}"


def test_settings_that_name_code_never_reach_the_registry(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auto_map": {"AutoModel": "evil.py"}}))
    with pytest.raises(UnfitModel, match="names code to load"):
        inspect_whole(tmp_path, ["config.json", "model.safetensors"])
    with pytest.raises(UnfitModel, match="no weights in safetensors"):
        inspect_whole(tmp_path, ["config.json"])
    config.write_text("{")
    with pytest.raises(UnfitModel, match="cannot be read"):
        inspect_whole(tmp_path, ["model.safetensors"])


def test_it_is_repeated_exported_and_written_to_a_folder(
    erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path
) -> None:
    run = trained(erin, base, build, trains="all")
    run.environment = HERE
    run.save()
    again = repeat_run(run=run, by=erin)
    execute(again.job.uid)
    again.refresh_from_db()
    assert is_equal_to_the_bit(again)

    text = export_run(run=run, target="trl").text
    compile(text, "train.py", "exec")
    assert "peft" not in text.split("\n\n", 1)[1]
    assert "adapter:" not in export_run(run=run, target="axolotl").text
    assert 'finetuning_type: "full"' in export_run(run=run, target="llamafactory").text

    assert run.output_model is not None
    asked = {"workspace": "acme", "model": run.output_model.name, "output": tmp_path / "out"}
    call_command("export_model", **asked, target="peft", stdout=StringIO())
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert file_store().exists(run.output_model.facts["files"]["config.json"]["key"])
