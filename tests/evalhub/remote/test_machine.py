"""A worker elsewhere as a process of its own, against the web server: what it reads besides rows, and whole models."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs import jobs
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_base_model, files_are_unchanged
from evalhub.remote.services import add_worker
from evalhub.runs.beside import Beside
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Run
from evalhub.runs.services import start_run, start_training
from tests.evalhub.runs.scenes import built

DEMO = settings.BASE_DIR / "training/assets/demo-model"
SHORT: dict[str, Any] = {"max_steps": 2, "batch_size": 2, "learning_rate": 1e-3}
PROMPTS = [{"id": "a", "prompt": [{"role": "user", "content": "What is the capital of France?"}]}]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Machine:
    """It has an address, a token and a disk, and nothing else of ours."""

    def __init__(self, url: str, token: str, place: Path) -> None:
        self._url, self._token, self._place = url, token, place

    def works(self, *runs: Run) -> list[Run]:
        """Take what waits, one by one, until nothing does; then a worker of ours writes the ends."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-m", "training.remote", "--url", self._url, "--once", "--every", "0.2", "--place", str(self._place)],
            env=kept | {"EVALHUB_TOKEN": self._token, "CUDA_VISIBLE_DEVICES": ""}, cwd=settings.BASE_DIR,
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        ended = []
        for run in runs:
            jobs.execute(run.job.uid)
            found = Run.objects.select_related("job", "output_model", "model").get(pk=run.pk)
            assert found.job.state == "succeeded", found.job.error
            ended.append(found)
        return ended


@pytest.fixture
def machine(erin: Member, live_server: LiveServer, tmp_path: Path) -> Machine:
    token = add_worker(workspace=erin.workspace, name="rented").text
    return Machine(str(live_server.url), token, tmp_path / "elsewhere")


@pytest.fixture
def base(erin: Member) -> LanguageModel:
    model = add_base_model(workspace=erin.workspace, name="demo", source=str(DEMO))
    assert files_are_unchanged(model=model, beat=lambda: None)
    return model


@pytest.fixture
def larger(erin: Member, tmp_path: Path) -> LanguageModel:
    """Another base with the same tokens."""
    folder = shutil.copytree(DEMO, tmp_path / "larger")
    (folder / "README.md").write_text("Another one.")
    model = add_base_model(workspace=erin.workspace, name="larger", source=str(folder))
    assert files_are_unchanged(model=model, beat=lambda: None)
    return model


@pytest.fixture
def build(erin: Member) -> DatasetBuild:
    return built(erin.workspace, "sft", validation=4)


def start(erin: Member, model: LanguageModel, build: DatasetBuild, **more: Any) -> Run:
    options = SHORT | more.pop("options", {})
    return start_training(
        workspace=erin.workspace, recipe="sft", model=model, build=build, options=options, by=erin, despite="a test", **more,
    )  # fmt: skip


def test_a_teacher_whole_models_and_several_adapters_are_lent_and_come_back(
    erin: Member, base: LanguageModel, larger: LanguageModel, build: DatasetBuild, machine: Machine
) -> None:
    """First an adapter and a whole model; then with the one as teacher and answering, and on the other."""
    first = start(erin, base, build)
    whole = start(erin, base, build, options={"trains": "all"})
    first, whole = machine.works(first, whole)
    model = whole.adapter
    assert (model.kind, model.is_adapter) == (ModelKind.BASE, False)
    kept = model.facts["files"]
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(kept)
    assert all(file_store().exists(file["key"]) for file in kept.values())

    taught = start(erin, base, build, options={"distil": 0.5}, beside=Beside(teacher=first.adapter))
    further = start(erin, model, build)
    by_larger = start(erin, base, build, options={"distil": 0.5}, beside=Beside(teacher=larger))
    answering = start_run(
        workspace=erin.workspace, recipe="generate", model=base, answering=[base, first.adapter],
        inputs={"prompts": store_rows(PROMPTS)}, options={"max_new_tokens": 8}, by=erin,
    )  # fmt: skip
    taught, further, by_larger, answering = machine.works(taught, further, by_larger, answering)
    for run in (taught, by_larger):
        told = [event.body for event in run.events.filter(kind="metrics") if "loss" in event.body]
        assert all(each["kl_to_teacher"] >= 0 for each in told)
        assert len(told) == SHORT["max_steps"]
    assert taught.adapter.base == base
    assert further.adapter.base == model
    assert answering.metrics["completions"] == 2
