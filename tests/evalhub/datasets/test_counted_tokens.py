"""Tokens of a build, counted by the trainer for a base and shown where the estimate stood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs import jobs
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import Run
from evalhub.runs.services import start_measuring
from tests import factories
from tests.evalhub.datasets.conftest import Build
from tests.evalhub.runs.scenes import base_model, without_torch


def page(client: Client, erin: Member, build: DatasetBuild) -> str:
    client.force_login(erin.user)
    return client.get(
        reverse("datasets:build", args=[erin.workspace.slug, build.uid])
    ).content.decode()


def test_erin_counts_the_tokens_of_a_build_and_the_page_tells(
    client: Client, erin: Member, compared: list[Task], build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    made, base = build(), base_model(erin.workspace, tmp_path)
    assert "not checked: the definition names no model" in page(client, erin, made)

    url = reverse("runs:measure", args=[erin.workspace.slug, made.uid])
    answer = client.post(url, {"base": str(base.uid)})
    run = Run.objects.get(recipe="measure")
    assert answer["Location"] == reverse("runs:detail", args=[erin.workspace.slug, run.uid])
    assert run.spec["options"] == {"answers": ["chosen", "rejected"]}
    assert sorted(run.spec["inputs"]) == ["test", "train", "validation"]  # it learns nothing
    jobs.execute(run.job.uid)

    told = page(client, erin, made)
    assert "the definition names no model" not in told
    assert "1 of 10 rows have more than the 64 tokens of tiny (test 1)" in told
    assert "80 of 320" in told
    assert answer["Location"] in told
    assert Entry.objects.filter(verb="build.measured", target=f"build {made.uid}").count() == 1

    again = start_measuring(build=made, model=base, by=erin)
    jobs.execute(again.job.uid)
    made.refresh_from_db()
    assert [each["run"] for each in made.token_lengths.values()] == [str(again.uid)]


def test_what_nobody_learns_from_is_not_counted(
    client: Client, erin: Member, tmp_path: Path
) -> None:
    base = base_model(erin.workspace, tmp_path)
    build = factories.DatasetBuildFactory.create(
        dataset__workspace=erin.workspace, kind="classification"
    )
    with pytest.raises(BadSpec, match="nothing in it for a recipe to learn"):
        start_measuring(build=build, model=base, by=erin)
    client.force_login(erin.user)
    url = reverse("runs:measure", args=[erin.workspace.slug, build.uid])
    assert "Choose a base model" in client.post(url, {"base": "nonsense"}).content.decode()


def test_api_and_command_count_them_too(
    client: Client, erin: Member, compared: list[Task], build: Build, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    made, base = build(), base_model(erin.workspace, tmp_path)
    client.force_login(erin.user)
    url = f"/api/v1/builds/{made.uid}/measure"

    asked = client.post(url, {"model": base.name}, "application/json")
    refused = client.post(url, {"model": "nobody"}, "application/json")
    call_command("measure_build", str(made.uid), f"--model={base.name}", "--json")
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    with pytest.raises(CommandError, match="nobody"):
        call_command("measure_build", str(made.uid), "--model=nobody")

    assert (asked.status_code, asked.json()["recipe"]) == (202, "measure")
    assert refused.status_code == 404
    assert (told["limit"], told["splits"]["test"]["too_long"]) == (64, 1)
