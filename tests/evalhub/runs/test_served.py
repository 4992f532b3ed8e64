"""A check of what a server serves: asked for on the page, by command and by the API, and told in words."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.common.files import file_store
from evalhub.jobs import jobs
from evalhub.jobs.services import cancel_job
from evalhub.lineage.copies import Words, clear_shown
from evalhub.registry.endpoints import Access, add_endpoint, retire_endpoint
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model
from evalhub.remote.queries import can_lend
from evalhub.runs.beside import Beside
from evalhub.runs.exporting import served
from evalhub.runs.exporting.models import newest_of
from evalhub.runs.exporting.served import prompts_of, start_check
from evalhub.runs.folder import run_dir, spec_of
from evalhub.runs.models import Recipe, Run
from evalhub.runs.services import start_training
from evalhub.runs.trainer import environment_of
from tests.evalhub.runs.scenes import built, without_torch
from tests.evalhub.runs.test_models_out import adapter
from tests.factories import EndpointFactory
from training.contract import ENDPOINT_KEY_VARIABLE


@pytest.fixture
def base(erin: Member) -> LanguageModel:
    source = "training/assets/demo-model"
    return add_base_model(workspace=erin.workspace, name="the demo's model", source=source)


@pytest.fixture
def kind(base: LanguageModel, tmp_path: Path) -> LanguageModel:
    return adapter(base, tmp_path / "in", name="kind")


def endpoint(member: Member, served_name: str = "kind", key: str = "") -> LanguageModel:
    access = Access(url="https://models.example/v1", served_name=served_name)
    return add_endpoint(workspace=member.workspace, name=f"their {served_name}", access=access, key=key)  # fmt: skip


def test_the_page_starts_a_check_and_says_what_was_found(
    client: Client, erin: Member, kind: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    client.force_login(erin.user)
    page = reverse("registry:detail", args=["acme", kind.uid])
    assert "Register the server as an endpoint" in client.get(page).content.decode()
    for served_name, told in [
        ("kind", "“their kind” serves this adapter."),
        ("base", "The server answers as the base does, without the adapter:"),
    ]:
        asked = endpoint(erin, served_name)
        assert f'<option value="{asked.uid}">' in client.get(page).content.decode()
        started = client.post(reverse("runs:check_served", args=["acme", kind.uid]), {"endpoint": asked.uid})  # fmt: skip
        run = Run.objects.latest("pk")
        assert started.headers["Location"] == reverse("runs:detail", args=["acme", run.uid])
        under_way = client.get(page).content.decode()
        assert f"“{asked}” is being asked" in under_way
        assert "Cancel the check" in under_way
        jobs.execute(run.job.uid)
        assert told in client.get(page).content.decode()
    assert "0 % of the answers of “their base” to 6 prompts begin as the adapter’s" in client.get(page).content.decode()  # fmt: skip


def test_one_is_under_way_for_an_endpoint_and_another_can_follow(
    erin: Member, kind: LanguageModel
) -> None:
    """Unlike a merge it is asked again: the server may have been started anew since."""
    asked, other = endpoint(erin), endpoint(erin, "other")
    first = start_check(model=kind, endpoint=asked, by=erin)
    assert start_check(model=kind, endpoint=asked, by=erin) == first
    assert start_check(model=kind, endpoint=other, by=erin) != first
    cancel_job(job=newest_of(kind, Recipe.CHECK_SERVED).job, by=erin)  # type: ignore[union-attr]  # it was just asked for
    assert newest_of(kind, Recipe.CHECK_SERVED) == first


def test_the_trainer_gets_adapter_base_and_endpoint_and_the_key_only_by_its_environment(
    erin: Member, kind: LanguageModel
) -> None:
    start_check(model=kind, endpoint=endpoint(erin, key="sk-secret"), by=erin)
    run = Run.objects.get()
    spec = spec_of(run)
    assert (spec.recipe, spec.adapter) == ("check_served", "adapter")
    assert spec.model.endswith("demo-model")
    assert (spec.endpoint["url"], spec.endpoint["model"]) == ("https://models.example/v1", "kind")
    assert spec.secrets == [ENDPOINT_KEY_VARIABLE]
    folder = run_dir(run)
    folder.mkdir(parents=True)
    spec.write(folder)
    assert environment_of(run, folder)[ENDPOINT_KEY_VARIABLE] == "sk-secret"
    assert "sk-secret" not in json.dumps(run.spec) + (folder / "spec.json").read_text()
    assert not can_lend(run), "a worker elsewhere gets no key of a server"


def test_what_cannot_be_checked_is_refused_in_the_same_words_everywhere(
    client: Client, erin: Member, kind: LanguageModel, base: LanguageModel
) -> None:
    asked = endpoint(erin)
    elsewhere = EndpointFactory.create().model
    with pytest.raises(CannotRun, match="“the demo's model” is no adapter that writes answers, so there is nothing to check"):  # fmt: skip
        start_check(model=base, endpoint=asked)
    for none in (elsewhere, base):
        with pytest.raises(NotFound, match="No such endpoint"):
            start_check(model=kind, endpoint=none)
    client.force_login(erin.user)
    api = APIClient()
    api.force_login(erin.user)
    for given in (str(elsewhere.uid), str(base.uid)):
        page = client.post(reverse("runs:check_served", args=["acme", kind.uid]), {"endpoint": given})  # fmt: skip
        told = api.post(f"/api/v1/models/{kind.uid}/check-served", {"endpoint": given}, format="json")  # fmt: skip
        assert (page.status_code, told.status_code) == (404, 404)
    page = client.post(reverse("runs:check_served", args=["acme", kind.uid]))
    told = api.post(f"/api/v1/models/{kind.uid}/check-served", {}, format="json")
    for each in (page, told):
        assert (each.status_code, "Name the endpoint that is said to serve" in each.content.decode()) == (400, True)  # fmt: skip
    words = "is no adapter that writes answers"
    assert words in api.post(f"/api/v1/models/{base.uid}/check-served", {"endpoint": str(asked.uid)}, format="json").json()["detail"]  # fmt: skip
    with pytest.raises(CommandError, match=words):
        call_command("check_served", workspace="acme", model=base.name, endpoint=asked.name)
    with pytest.raises(CommandError, match="No such endpoint"):
        call_command("check_served", workspace="acme", model="kind", endpoint=base.name)
    retire_endpoint(endpoint=asked.endpoint)
    asked.refresh_from_db()
    with pytest.raises(CannotRun, match="is retired"):
        start_check(model=kind, endpoint=asked)
    assert not Run.objects.exists()


def test_the_command_ends_with_one_object_and_with_1_where_the_base_is_served(
    erin: Member, kind: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    asked, out = {"workspace": "acme", "model": "kind"}, StringIO()
    right, wrong = endpoint(erin), endpoint(erin, "base")
    call_command("check_served", **asked, endpoint=right.name, json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert (told["is_right"], told["state"], told["findings"]) == (True, "succeeded", [])
    assert told["metrics"]["same_as_adapter"] == 1.0
    out = StringIO()
    with pytest.raises(CommandError, match="What “their base” serves is not “kind”"):
        call_command("check_served", **asked, endpoint=wrong.name, stdout=out)
    assert "begins 0% of its answers as the adapter does here" in out.getvalue()
    assert "The server answers as the base does, without the adapter: two of two answers." in out.getvalue()  # fmt: skip


def test_the_api_starts_it_and_tells_it_with_the_model(
    erin: Member, kind: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    api = APIClient()
    api.force_login(erin.user)
    where = f"/api/v1/models/{kind.uid}"
    assert api.get(f"{where}/export").json()["served"] is None
    asked = {"endpoint": str(endpoint(erin, "base").uid)}
    started = api.post(f"{where}/check-served", asked, format="json")
    assert (started.status_code, started.json()["is_right"]) == (202, None)
    jobs.execute(Run.objects.get().job.uid)
    told = api.get(f"{where}/export").json()["served"]
    assert (told["run"], told["is_right"]) == (started.json()["run"], False)
    assert [each["code"] for each in told["findings"]] == ["served_is_base"]


@pytest.mark.parametrize(("validation", "mark", "count"), [(3, "v", 3), (30, "v", 20), (0, "t", 8)])
def test_prompts_are_those_it_was_held_against_and_never_a_test_split(
    erin: Member, base: LanguageModel, monkeypatch: pytest.MonkeyPatch, validation: int, mark: str, count: int
) -> None:  # fmt: skip
    """Rows of `built` are named by their split: t, v, e; its rows to train are 8."""
    without_torch(monkeypatch)
    build = built(erin.workspace, "sft", validation=validation)
    run = start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, by=erin)
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    rows = prompts_of(run.adapter)
    assert len(rows) == count
    assert {row["id"][0] for row in rows} == {mark}


def test_a_probe_is_asked_before_rows_that_were_learnt(
    erin: Member, base: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    probe = built(erin.workspace, "sft", train=0, validation=4)
    run = start_training(
        workspace=erin.workspace, recipe="sft", model=base, build=built(erin.workspace, "sft"),
        beside=Beside(probe=probe), by=erin,
    )  # fmt: skip
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert [row["id"] for row in prompts_of(run.adapter)] == ["v0", "v1", "v2", "v3"]


def test_plain_prompts_become_what_somebody_says() -> None:
    """A server takes nothing else, and both must read the same."""
    rows = iter(
        [{"id": 1, "prompt": "Hi"}, {"id": 2, "prompt": "Hi"}, {"id": 3, "text": "A document."}]
    )
    assert list(served._asked(rows)) == [{"id": "1", "prompt": [{"role": "user", "content": "Hi"}]}]


def test_erasing_somebody_finds_their_words_among_what_was_sent(
    erin: Member, kind: LanguageModel
) -> None:
    run = start_check(model=kind, endpoint=endpoint(erin), by=erin)
    key = run.spec["inputs"]["prompts"]["key"]
    words = Words()
    words.by_judgment[uuid4()].add("Write a polite e-mail that declines an invitation.")
    assert clear_shown(erin, words, lambda: None) == 1
    assert not file_store().exists(key)
