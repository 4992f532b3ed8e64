from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.registry.errors import ModelNameTaken, NoModelThere
from evalhub.registry.files import weights_of
from evalhub.registry.models import LanguageModel, Stage
from evalhub.registry.services import (
    add_adapter,
    add_base_model,
    default_base_model,
    describe_model,
    external_model,
    files_are_unchanged,
    found_workspace,
    put_in_service,
)
from tests.evalhub.runs.scenes import base_model

FILES = {"adapter_model.safetensors": {"key": "blobs/aa/aa", "sha256": "a" * 64}}


def test_a_base_is_named_by_the_bytes_of_its_files(erin: Member, tmp_path: Path) -> None:
    first = base_model(erin.workspace, tmp_path, name="one")
    same = base_model(erin.workspace, tmp_path, name="two")
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "weights").write_text("other")
    other = base_model(erin.workspace, tmp_path, name="three")

    assert first.digest == same.digest != other.digest
    assert Entry.objects.filter(verb="model.added").count() == 3


def test_registering_reads_no_weights_and_the_first_use_does(erin: Member, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "weights").write_text("heavy")
    model = add_base_model(workspace=erin.workspace, name="heavy", source=str(tmp_path))
    assert model.digest == ""

    beats: list[str] = []
    assert files_are_unchanged(model=model, beat=lambda: beats.append("read"))
    assert len(model.digest) == 64
    assert len(beats) == 2, "each piece that is read renews the lease"

    (tmp_path / "weights").write_text("other")
    assert not files_are_unchanged(model=model, beat=lambda: None)


def test_a_workspace_starts_with_the_base_model_of_the_instance(db: None) -> None:
    workspace = found_workspace(slug="fresh", name="Fresh")
    model = LanguageModel.objects.get(workspace=workspace)
    assert (model.name, model.source) == ("demo-model", settings.EVALHUB_BASE_MODEL)
    assert default_base_model(workspace=workspace) == model


def test_a_workspace_is_made_where_the_instance_has_no_such_model(
    db: None, settings: LazySettings
) -> None:
    settings.EVALHUB_BASE_MODEL = "/no/model"
    workspace = found_workspace(slug="fresh", name="Fresh")
    assert not LanguageModel.objects.exists()
    with pytest.raises(NoModelThere, match="There is no directory /no/model"):
        default_base_model(workspace=workspace)


def test_the_only_base_that_a_workspace_has_is_its_default(erin: Member, tmp_path: Path) -> None:
    base = base_model(erin.workspace, tmp_path)
    assert default_base_model(workspace=erin.workspace) == base


def test_the_command_registers_a_model(erin: Member, tmp_path: Path) -> None:
    call_command("add_model", "Qwen/Qwen3-0.6B", workspace="acme", stdout=StringIO())
    assert LanguageModel.objects.get().name == "Qwen3-0.6B"
    with pytest.raises(CommandError, match="There is no directory"):
        call_command("add_model", str(tmp_path / "gone"), workspace="acme")
    with pytest.raises(CommandError, match="There is no workspace “nope”; there are: acme"):
        call_command("add_model", "a/b", workspace="nope")


def test_a_folder_without_a_model_is_refused(erin: Member, tmp_path: Path) -> None:
    with pytest.raises(NoModelThere, match="holds no config"):
        add_base_model(workspace=erin.workspace, name="x", source=str(tmp_path))


def test_a_path_that_is_not_there_is_no_hub_id(erin: Member) -> None:
    with pytest.raises(NoModelThere, match="There is no directory /no/model"):
        add_base_model(workspace=erin.workspace, name="x", source="/no/model")


def test_a_hub_id_is_taken_by_its_name(erin: Member) -> None:
    model = add_base_model(workspace=erin.workspace, name="q", source="Qwen/Qwen3-0.6B")
    assert (model.kind, len(model.digest)) == ("base", 64)


def test_a_name_is_given_once(erin: Member, tmp_path: Path) -> None:
    base_model(erin.workspace, tmp_path)
    with pytest.raises(ModelNameTaken, match="choose another name"):
        base_model(erin.workspace, tmp_path)


def test_an_adapter_on_an_adapter_has_the_same_base(erin: Member, tmp_path: Path) -> None:
    base = base_model(erin.workspace, tmp_path)
    first = add_adapter(workspace=erin.workspace, name="sft", parent=base, files=FILES)
    second = add_adapter(workspace=erin.workspace, name="dpo", parent=first, files=FILES)
    assert second.base == base


def test_a_name_from_a_file_is_one_model_however_often_it_is_met(erin: Member) -> None:
    first = external_model(workspace=erin.workspace, name="gpt-x")
    assert external_model(workspace=erin.workspace, name="gpt-x") == first
    assert first.kind == "external"


def test_a_name_from_a_file_that_is_a_model_of_ours_means_that_model(
    erin: Member, tmp_path: Path
) -> None:
    base = base_model(erin.workspace, tmp_path)
    assert external_model(workspace=erin.workspace, name=base.name) == base


def test_putting_a_model_in_service_retires_the_one_before(erin: Member, tmp_path: Path) -> None:
    base = base_model(erin.workspace, tmp_path)
    old, new = (
        add_adapter(workspace=erin.workspace, name=name, parent=base, files=FILES)
        for name in ("old", "new")
    )
    put_in_service(model=old, replaces=None, by=erin)
    put_in_service(model=new, replaces=old, by=erin)
    assert (old.stage, new.stage) == (Stage.RETIRED, Stage.INCUMBENT)


@pytest.mark.django_db(transaction=True)  # else the test's own transaction would hold it together
def test_a_licence_that_the_log_does_not_have_is_not_kept(
    erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_model(erin.workspace, tmp_path)
    describe_model(model=base, licence="MIT", limits="", by=erin)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr("evalhub.registry.services.record", fail)
    with pytest.raises(RuntimeError, match="the log is full"):
        describe_model(model=base, licence="none", limits="", by=erin)
    base.refresh_from_db()
    assert base.licence == "MIT"


def test_weights_are_counted_by_the_heads_of_the_files(tmp_path: Path) -> None:
    assert weights_of(settings.EVALHUB_BASE_MODEL) == 2_143_552
    assert weights_of("Qwen/Qwen3-0.6B") is None
    assert weights_of(str(tmp_path)) is None
    (tmp_path / "model.safetensors").write_bytes(b"\x04\0\0\0\0\0\0\0{..}")
    assert weights_of(str(tmp_path)) is None
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 8)
    assert weights_of(str(tmp_path)) is None
