"""Adapters that were trained elsewhere come into the registry, and hostile ones do not."""

from __future__ import annotations

import json
import pickle
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.files import file_store
from evalhub.lineage.queries import outside_models
from evalhub.registry.errors import ModelNameTaken, UnfitAdapter
from evalhub.registry.files import folder_of
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model, add_whole_model
from evalhub.runs.errors import BadSpec
from evalhub.runs.outside import register_adapter
from tests.evalhub.runs.adapters import MODULE, adapter_folder
from tests.evalhub.runs.scenes import built
from tests.factories import WorkspaceFactory

DEMO = "training/assets/demo-model"


@pytest.fixture
def base(erin: Member) -> LanguageModel:
    return add_base_model(workspace=erin.workspace, name="demo-model", source=DEMO)


def register(erin: Member, base: LanguageModel, folder: Path, **more: Any) -> LanguageModel:
    found = register_adapter(workspace=erin.workspace, folder=folder, base=base, by=erin, **more)
    return found.model


def test_an_adapter_from_elsewhere_is_a_candidate_with_its_files(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    folder = adapter_folder(tmp_path)
    model = register(erin, base, folder)

    assert (model.kind, model.stage, model.parent) == ("adapter", "candidate", base)
    assert (model.facts["rank"], model.facts["modules"]) == (4, ["down_proj"])
    kept = model.facts["files"]
    assert sorted(kept) == ["adapter_config.json", "adapter_model.safetensors"]
    weights = file_store().open(kept["adapter_model.safetensors"]["key"]).read()
    assert weights == (folder / "adapter_model.safetensors").read_bytes()
    assert (
        Entry.objects.get(verb="model.added", target=f"model {model.uid}").actor == erin.pseudonym
    )


def test_a_head_that_scores_makes_a_reward_model(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    model = register(erin, base, adapter_folder(tmp_path, task_type="SEQ_CLS"))
    assert model.kind == "reward"


def test_what_else_lies_there_is_neither_read_nor_kept(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    adapter_folder(tmp_path)
    (tmp_path / "training_args.bin").write_bytes(pickle.dumps({"of": "somebody"}))
    (tmp_path / "README.md").write_text("A card.")
    found = register_adapter(workspace=erin.workspace, folder=tmp_path, base=base)
    assert found.inspected.left == ["training_args.bin"]
    assert "README.md" in found.model.facts["files"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"peft_type": "IA3"}, "LORA is needed"),
        ({"task_type": None}, "must be CAUSAL_LM"),
        ({"task_type": "SEQ_2_SEQ_LM"}, "must be CAUSAL_LM"),
        ({"auto_mapping": {"parent_library": "evil.code"}}, "code of a model is never run"),
        ({"target_modules": []}, "no target_modules"),
        ({"r": "many"}, "cannot be read"),
        ({"inside": 511}, "was trained on another base"),
        ({"module": MODULE.replace("0", "9")}, "has no layers.9.mlp.down_proj"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(
    changed: dict[str, Any], why: str, erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    with pytest.raises(UnfitAdapter, match=why):
        register(erin, base, adapter_folder(tmp_path, **changed))
    assert not LanguageModel.objects.filter(kind="adapter").exists()


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"inside": 511}, "was trained on another base"), ({"module": MODULE.replace("0", "9")}, "has no layers.9")],
)  # fmt: skip
def test_the_weights_of_a_base_that_was_trained_here_are_compared_in_the_file_store(
    changed: dict[str, Any], why: str, erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    """No worker has laid its files out on this machine yet."""
    weights = file_store().put(Path(settings.BASE_DIR) / DEMO / "model.safetensors")
    kept = {"model.safetensors": {"key": weights.key, "sha256": weights.sha256}}
    whole = add_whole_model(workspace=erin.workspace, name="whole", parent=base, files=kept)
    assert folder_of(whole.source) is None
    with pytest.raises(UnfitAdapter, match=why):
        register(erin, whole, adapter_folder(tmp_path / "wrong", **changed))
    assert register(erin, whole, adapter_folder(tmp_path / "right")).parent == whole


class Bomb:
    """Touches a file when somebody unpickles it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("name", ["adapter_model.bin", "adapter_model.safetensors"])
def test_a_pickle_is_refused_unread_under_either_name(
    name: str, erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    folder = adapter_folder(tmp_path / "adapter")
    (folder / "adapter_model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Bomb(tmp_path / "went-off")))
    with pytest.raises(UnfitAdapter, match="safetensors"):
        register(erin, base, folder)
    assert not (tmp_path / "went-off").exists()


def test_of_a_base_that_lies_elsewhere_the_name_must_agree(erin: Member, tmp_path: Path) -> None:
    hub = add_base_model(workspace=erin.workspace, name="q", source="Qwen/Qwen3-0.6B")
    with pytest.raises(UnfitAdapter, match="Name the right base"):
        register(erin, hub, adapter_folder(tmp_path))
    folder = adapter_folder(tmp_path, base_model_name_or_path="/data/qwen3-0.6b")
    assert "shapes are checked at the first run" in register(erin, hub, folder).facts["notes"][0]


def test_the_build_it_was_trained_on_leads_to_it(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    build = built(erin.workspace, "sft")
    model = register(erin, base, adapter_folder(tmp_path), build=build)
    assert outside_models([build.pk]) == [model]
    assert Entry.objects.get(verb="model.trained_on").details["digest"] == build.digest

    other = built(WorkspaceFactory.create(), "sft")
    with pytest.raises(BadSpec, match="no finished build of this workspace"):
        register(erin, base, adapter_folder(tmp_path), name="second", build=other)


def test_the_same_files_are_one_model(erin: Member, base: LanguageModel, tmp_path: Path) -> None:
    register(erin, base, adapter_folder(tmp_path))
    with pytest.raises(ModelNameTaken):
        register(erin, base, adapter_folder(tmp_path))


def test_the_command_says_what_it_took(erin: Member, base: LanguageModel, tmp_path: Path) -> None:
    build = built(erin.workspace, "sft")
    adapter_folder(tmp_path)
    out = StringIO()
    asked = {"workspace": "acme", "adapter": tmp_path, "base": DEMO, "build": build.digest}
    call_command("register_model", **asked, json=True, stdout=out)
    told = json.loads(out.getvalue())
    model = LanguageModel.objects.get(uid=told["model"])
    assert (told["rank"], told["digest"]) == (4, model.digest)
    assert model.outside_training.build == build
    with pytest.raises(CommandError, match="There is no base model “nope” here"):
        call_command("register_model", **asked | {"base": "nope"})


def files_of(folder: Path) -> dict[str, SimpleUploadedFile]:
    return {
        "config": SimpleUploadedFile("x.json", (folder / "adapter_config.json").read_bytes()),
        "weights": SimpleUploadedFile("x", (folder / "adapter_model.safetensors").read_bytes()),
    }


def test_an_engineer_registers_one_on_the_page(
    client: Client, erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    client.force_login(erin.user)
    build = built(erin.workspace, "sft")
    url = reverse("runs:register", args=["acme"])
    asked = {"base": base.uid, "build": build.uid, "name": "theirs"}
    answer = client.post(url, asked | files_of(adapter_folder(tmp_path)), follow=True)
    page = answer.content.decode()
    assert "theirs" in page
    assert "rank 4 on down_proj" in page
    assert str(build) in page

    answer = client.post(url, asked | files_of(adapter_folder(tmp_path, inside=3)))
    assert answer.status_code == 422
    assert "it was trained on another base" in answer.content.decode()


def test_a_program_registers_one(erin: Member, base: LanguageModel, tmp_path: Path) -> None:
    client = APIClient()
    client.force_login(erin.user)
    url = "/api/v1/models/adapters"
    asked = {"base": "demo-model", "name": "theirs"}
    answer = client.post(url, asked | files_of(adapter_folder(tmp_path)), format="multipart")
    assert (answer.status_code, answer.json()["facts"]["rank"]) == (201, 4)
    broken = files_of(adapter_folder(tmp_path)) | {"weights": SimpleUploadedFile("x", b"bytes")}
    answer = client.post(url, asked | broken, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "unfit_adapter")
