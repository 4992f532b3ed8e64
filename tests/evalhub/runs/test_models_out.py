"""Adapters on their way out: the PEFT folder, the merged model, and what serves them."""

from __future__ import annotations

import io
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.jobs import jobs
from evalhub.jobs.services import cancel_job
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model
from evalhub.registry.serving import serving_of
from evalhub.runs.exporting.models import newest_of, start_merge
from evalhub.runs.models import Recipe
from evalhub.runs.outside import register_adapter
from tests.evalhub.runs.adapters import adapter_folder
from tests.evalhub.runs.scenes import without_torch


@pytest.fixture
def base(erin: Member) -> LanguageModel:
    source = "training/assets/demo-model"
    return add_base_model(workspace=erin.workspace, name="the demo's model", source=source)


def adapter(base: LanguageModel, place: Path, name: str = "kind; rm -rf", **config: Any) -> LanguageModel:  # fmt: skip
    folder = adapter_folder(place, **config)
    found = register_adapter(workspace=base.workspace, folder=folder, base=base, name=name)
    return found.model


def test_the_command_for_vllm_has_a_rank_it_knows_and_no_shell_in_it(
    base: LanguageModel, tmp_path: Path
) -> None:
    serving = serving_of(adapter(base, tmp_path, rank=9, r=9))
    assert serving is not None
    assert serving.command == (
        "vllm serve ./the-demo-s-model --enable-lora --max-lora-rank 16 "
        "--lora-modules kind-rm--rf=./kind-rm--rf"
    )


def test_of_a_base_on_the_hub_the_command_names_the_id(erin: Member, tmp_path: Path) -> None:
    hub = add_base_model(workspace=erin.workspace, name="q", source="Qwen/Qwen3-0.6B")
    made = adapter(hub, tmp_path, base_model_name_or_path="Qwen/Qwen3-0.6B")
    serving = serving_of(made)
    assert serving is not None
    assert serving.command.startswith("vllm serve Qwen/Qwen3-0.6B --enable-lora --max-lora-rank 8 ")


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"use_dora": True}, "with DoRA: merge it first"),
        ({"modules_to_save": ["lm_head"]}, "with whole modules: merge it first"),
        ({"r": 600}, "serves ranks to 512"),
    ],
)
def test_what_vllm_would_not_apply_gets_no_command(
    config: dict[str, Any], why: str, base: LanguageModel, tmp_path: Path
) -> None:
    serving = serving_of(adapter(base, tmp_path, **config))
    assert serving is not None
    assert serving.command == ""
    assert why in serving.why_not


def test_the_zip_is_the_folder_that_came_in(
    client: Client, erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    model = adapter(base, tmp_path)
    client.force_login(erin.user)
    answer = client.post(reverse("runs:peft", args=["acme", model.uid]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        assert archive.read(f"kind-rm--rf/{name}") == (tmp_path / name).read_bytes()
    assert Entry.objects.get(verb="model.exported").details == {"exported_as": "peft"}
    assert client.post(reverse("runs:peft", args=["acme", base.uid])).status_code == 400


def test_a_merge_is_done_once_and_shown_with_what_it_changed(
    client: Client, erin: Member, base: LanguageModel, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    model = adapter(base, tmp_path)
    client.force_login(erin.user)
    client.post(reverse("runs:merge", args=["acme", model.uid]))
    run = newest_of(model, Recipe.MERGE)
    assert run is not None
    page = reverse("registry:detail", args=["acme", model.uid])
    assert "It is being merged into its base" in client.get(page).content.decode()

    jobs.execute(run.job.uid)
    assert start_merge(model=model, by=erin) == run
    told = client.get(page).content.decode()
    assert "differ by at most <strong>0.0313</strong>" in told
    file = client.get(reverse("runs:file", args=["acme", run.uid, "model.safetensors"]))
    assert b"".join(file.streaming_content) == b"adapter in its base"
    assert client.get(reverse("runs:file", args=["acme", run.uid, "log.txt"])).status_code == 404
    assert not LanguageModel.objects.filter(made_by=run).exists()


def test_a_cancelled_merge_can_be_asked_for_again(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    model = adapter(base, tmp_path)
    first = start_merge(model=model, by=erin)
    cancel_job(job=first.job, by=erin)
    assert start_merge(model=model, by=erin) != first


def test_only_an_adapter_that_writes_answers_is_merged(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    with pytest.raises(CannotRun, match="nothing to merge"):
        start_merge(model=base, by=erin)
    with pytest.raises(CannotRun, match="nothing to merge"):
        start_merge(model=adapter(base, tmp_path, task_type="SEQ_CLS"), by=erin)


def test_the_command_writes_either_folder(
    base: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    adapter(base, tmp_path / "in", name="kind")
    asked = {"workspace": "acme", "model": "kind", "json": True}
    out = StringIO()
    call_command("export_model", **asked, target="peft", output=tmp_path / "out", stdout=out)
    told = json.loads(out.getvalue())
    assert told["files"] == ["adapter_config.json", "adapter_model.safetensors"]
    assert "--lora-modules kind=./kind" in told["vllm"]
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_model", **asked, target="peft", output=tmp_path / "out")

    out = StringIO()
    call_command("export_model", **asked, target="merged", output=tmp_path / "whole", stdout=out)
    assert json.loads(out.getvalue())["difference"]["max_logit_difference"] == 0.03125
    assert [each.name for each in (tmp_path / "whole").iterdir()] == ["model.safetensors"]


def test_the_api_tells_how_a_model_is_used_elsewhere(
    erin: Member, base: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    model = adapter(base, tmp_path)
    api = APIClient()
    api.force_login(erin.user)
    where = f"/api/v1/models/{model.uid}"
    assert api.get(f"{where}/export").json()["merge"] is None
    run = api.post(f"{where}/merge").json()
    jobs.execute(newest_of(model, Recipe.MERGE).job.uid)  # type: ignore[union-attr]  # it was just asked for
    told = api.get(f"{where}/export").json()
    assert told["merge"]["files"] == ["model.safetensors"]
    assert told["vllm"].startswith("vllm serve")
    file = api.get(f"/api/v1/runs/{run['run']}/files/model.safetensors")
    assert b"".join(file.streaming_content) == b"adapter in its base"
    packed = api.get(f"{where}/peft")
    assert b"".join(packed.streaming_content)[:2] == b"PK"
