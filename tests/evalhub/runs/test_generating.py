"""Answers to the prompts of a collection: by models of ours and of servers, stored once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.files import unwatched
from evalhub.jobs.beat import Beat
from evalhub.jobs.errors import LeaseLost
from evalhub.jobs.jobs import execute, take, take_back_abandoned
from evalhub.jobs.models import Job
from evalhub.prompts.models import Collection, Completion, Generation, Prompt, Score
from evalhub.registry.endpoints import Access, add_endpoint, change_endpoint, retire_endpoint
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_adapter
from evalhub.remote.queries import can_lend, inputs_of
from evalhub.runs.errors import BadSpec
from evalhub.runs.folder import lay_out, run_dir
from evalhub.runs.generating.jobs import generate
from evalhub.runs.generating.keeping import keep_answers
from evalhub.runs.generating.queries import generating_summary
from evalhub.runs.generating.services import start_generating
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Run
from evalhub.runs.services import start_run
from evalhub.runs.trainer import environment_of
from tests.chat_server import Server, chat_server
from tests.evalhub.runs.scenes import base_model, without_torch
from tests.factories import CollectionFactory, PromptFactory
from training.contract import ENDPOINT_KEY_VARIABLE, RunSpec

KEY = "sk-0123456789-very-secret"

pytestmark = pytest.mark.django_db


@pytest.fixture
def faq(erin: Member) -> Collection:
    collection = CollectionFactory.create(workspace=erin.workspace, slug="faq", name="FAQ")
    for _ in range(2):
        PromptFactory.create(collection=collection)
    return collection


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as served:
        yield served


def judge_on(base: LanguageModel) -> LanguageModel:
    return LanguageModel.objects.create(
        workspace=base.workspace, name="judge", kind=ModelKind.REWARD, parent=base, facts={"files": {}}
    )  # fmt: skip


def done(run: Run) -> Run:
    execute(run.job.uid)
    run.refresh_from_db()
    run.job.refresh_from_db()
    return run


def test_each_setting_is_a_generation_and_each_answer_keeps_its_seed(
    erin: Member, faq: Collection, base: LanguageModel
) -> None:
    options = {"n": 2, "temperatures": [0.5, 1.0]}
    run = done(start_generating(collection=faq, model=base, options=options, by=erin))
    assert run.job.state == "succeeded", run.job.error
    made = Generation.objects.filter(run_uid=run.uid).order_by("pk")
    assert [each.settings["temperature"] for each in made] == [0.5, 1.0]
    assert run.job.result["generations"] == [str(each.uid) for each in made]
    stored = Completion.objects.filter(generation=made[1]).order_by("prompt", "pk")
    assert [(each.external_id, each.seed) for each in stored] == [("2", 1002), ("3", 1003)] * 2


def test_storing_again_changes_nothing(faq: Collection, base: LanguageModel) -> None:
    run = start_generating(collection=faq, model=base, options={"n": 2})
    job = take(run.job.uid, owner="tests")
    assert job is not None
    told = [generate(job, Beat(job))["completions"] for _ in range(2)]
    assert told == [4, 4]
    assert Completion.objects.count() == 4
    assert Generation.objects.count() == 1


def test_what_the_reward_model_gave_is_kept(faq: Collection, base: LanguageModel) -> None:
    judge = judge_on(base)
    done(start_generating(collection=faq, model=base, options={"n": 3, "best": 2}, judge=judge))
    scores = Score.objects.filter(model=judge).order_by("pk")
    assert sorted(score.value for score in scores) == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    assert all(str(int(score.value)) == score.completion.external_id for score in scores)


def adapter_on(base: LanguageModel, name: str) -> LanguageModel:
    files = {"adapter_model.safetensors": store_rows([{"weights": name}])._asdict()}
    return add_adapter(workspace=base.workspace, name=name, parent=base, files=files)


def test_several_models_on_one_base_answer_in_one_run(
    erin: Member, faq: Collection, base: LanguageModel
) -> None:
    polite, terse = adapter_on(base, "polite"), adapter_on(base, "terse")
    options = {"n": 2, "temperatures": [0.5, 1.0]}
    run = done(start_generating(collection=faq, model=base, beside=[polite, terse], options=options, by=erin))  # fmt: skip
    assert run.job.state == "succeeded", run.job.error
    made = Generation.objects.filter(run_uid=run.uid)
    assert {each.model for each in made} == {base, polite, terse}
    assert made.count() == 6
    assert run.job.result["completions"] == 3 * 2 * 4
    said = Completion.objects.filter(generation__model=terse).values_list("content", flat=True)
    assert set(said) == {f"Answer {index} with care" for index in range(4)}
    assert len(keep_answers(run)) == 6
    assert Completion.objects.count() == 24

    folder = run_dir(run)
    spec = RunSpec.read(folder)
    told = {str(base.uid): ""} | {str(each.uid): f"adapters/{each.uid}" for each in (polite, terse)}
    assert spec.adapters == told
    assert spec.adapter == ""
    assert (folder / f"adapters/{terse.uid}" / "adapter_model.safetensors").is_file()
    assert f"adapters/{terse.uid}/adapter_model.safetensors" in inputs_of(run)


@pytest.fixture
def seven(erin: Member) -> Collection:
    collection = CollectionFactory.create(workspace=erin.workspace, slug="seven", name="Seven")
    for _ in range(7):
        PromptFactory.create(collection=collection)
    return collection


def test_parts_answer_each_prompt_once_and_are_kept_together(
    seven: Collection, base: LanguageModel
) -> None:
    """Three runs of 2, 2 and 3 prompts, done out of order; the second's worker dies on the way."""
    first = start_generating(collection=seven, model=base, options={"n": 2}, parts=3)
    one, two, three = first.parts
    assert generating_summary(two)["state"] == "queued"
    done(three)
    dead = take(two.job.uid, owner="a worker that dies")
    assert dead is not None
    assert generating_summary(one)["state"] == "running"
    done(one)
    Job.objects.filter(pk=dead.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    take_back_abandoned()
    done(two)

    (made,) = Generation.objects.all()
    assert made.run_uid == first.uid
    places = Completion.objects.order_by("prompt", "pk").values_list("prompt", "external_id")
    prompts = Prompt.objects.of_collection(seven).order_by("pk").values_list("pk", flat=True)
    assert list(places) == [(prompt, index) for prompt in prompts for index in ("0", "1")]
    told = generating_summary(three)
    assert (told["state"], told["completions"], len(told["parts"])) == ("succeeded", 14, 3)
    assert told["generations"] == [str(made.uid)]
    assert told["metrics"]["completions"] == 14
    with pytest.raises(LeaseLost), Beat(dead).fenced():
        pytest.fail("what the dead worker still writes is refused")


def test_a_parts_page_shows_the_whole_and_cancels_it(
    client: Client, seven: Collection, base: LanguageModel, erin: Member
) -> None:
    one, two, three = start_generating(collection=seven, model=base, parts=3, by=erin).parts
    done(one)
    client.force_login(erin.user)
    page = f"/w/acme/runs/{two.uid}/"

    text = client.get(page).text
    assert "Part 2, this one" in text
    assert f'href="/w/acme/runs/{one.uid}/">Part 1</a>' in text
    assert f'href="/w/acme/runs/{three.uid}/">Part 3</a>' in text

    assert (
        "Cancel all parts" in client.get(f"/w/acme/runs/{one.uid}/").text
    )  # done, and others are not
    client.post(f"{page}cancel/", {"whole": "yes"})
    assert "Cancel all parts" not in client.get(page).text
    states = [Job.objects.get(run=each).state for each in (one, two, three)]
    assert states == ["succeeded", "cancelled", "cancelled"]
    alone = start_generating(collection=seven, model=base)
    assert "All parts" not in client.get(f"/w/acme/runs/{alone.uid}/").text


@pytest.mark.django_db(transaction=True)
def test_parts_that_end_at_once_make_one_generation(seven: Collection, base: LanguageModel) -> None:
    """The second waits for the first to be kept: its answers go into what the first made."""
    one, two = start_generating(collection=seven, model=base, parts=2).parts
    for part in (one, two):
        done(part)
    Completion.objects.all().delete()
    Generation.objects.all().delete()

    def keep_the_other() -> None:
        try:
            with transaction.atomic():
                keep_answers(two)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            keep_answers(one)
            late = pool.submit(keep_the_other)
            assert wait([late], timeout=0.5).not_done, "it waits until the first part is kept"
        late.result(10)
    assert Generation.objects.count() == 1
    assert Completion.objects.count() == 7


def test_there_are_no_more_parts_than_prompts_and_a_server_is_asked_by_one(
    faq: Collection, base: LanguageModel
) -> None:
    assert len(start_generating(collection=faq, model=base, parts=5).parts) == 2
    assert start_generating(collection=faq, model=base).parts[0].spec.get("part") is None
    with pytest.raises(BadSpec, match="parts is 0"):
        start_generating(collection=faq, model=base, parts=0)
    access = Access(url="https://models.example.org/v1", served_name="theirs")
    far = add_endpoint(workspace=base.workspace, name="far", access=access)
    with pytest.raises(BadSpec, match="one run asks it"):
        start_generating(collection=faq, model=far, parts=2)


def test_models_that_do_not_go_together_are_refused(
    faq: Collection, base: LanguageModel, tmp_path: Path
) -> None:
    other = base_model(base.workspace, tmp_path, name="other")
    with pytest.raises(BadSpec, match="different bases"):
        start_generating(collection=faq, model=base, beside=[adapter_on(other, "a")])
    with pytest.raises(BadSpec, match="named twice"):
        start_generating(collection=faq, model=base, beside=[base])
    access = Access(url="https://models.example.org/v1", served_name="theirs")
    theirs = add_endpoint(workspace=base.workspace, name="theirs", access=access)
    with pytest.raises(BadSpec, match="in a run of its own"):
        start_generating(collection=faq, model=base, beside=[theirs])


def test_what_cannot_be_asked_is_refused(faq: Collection, base: LanguageModel) -> None:
    with pytest.raises(BadSpec, match="Name the reward model"):
        start_generating(collection=faq, model=base, options={"best": 1})
    with pytest.raises(BadSpec, match="best is 3, but must be 0 to 2"):
        start_generating(collection=faq, model=base, options={"n": 2, "best": 3}, judge=judge_on(base))  # fmt: skip
    with pytest.raises(CannotRun, match="gives no rewards"):
        start_generating(collection=faq, model=base, judge=base)
    empty = CollectionFactory.create(workspace=base.workspace)
    with pytest.raises(BadSpec, match="has no prompt"):
        start_generating(collection=empty, model=base)


def test_a_servers_model_answers_and_does_nothing_else(
    faq: Collection, base: LanguageModel
) -> None:
    access = Access(url="https://models.example.org/v1", served_name="theirs")
    far = add_endpoint(workspace=base.workspace, name="far", access=access)
    with pytest.raises(CannotRun, match="runs on a server elsewhere"):
        start_run(workspace=base.workspace, recipe="evaluate", model=far)
    assert not can_lend(start_generating(collection=faq, model=far)), (
        "another's machine gets no key"
    )
    retire_endpoint(endpoint=far.endpoint)
    far.refresh_from_db()
    with pytest.raises(CannotRun, match="is retired"):
        start_generating(collection=faq, model=far)


def test_the_api_and_the_command_start_it(
    client: Client, erin: Member, faq: Collection, base: LanguageModel, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    client.force_login(erin.user)
    body = {"workspace": "acme", "collection": "faq", "model": base.name, "options": {"n": 2}}
    asked = client.post("/api/v1/generations", body, "application/json")
    assert asked.status_code == 202, asked.content
    assert (asked.json()["state"], asked.json()["completions"]) == ("queued", None)
    bad = client.post("/api/v1/generations", body | {"options": {"n": 0}}, "application/json")
    assert "n is 0, but must be 1 or more" in bad.json()["detail"]

    given = ["--workspace", "acme", "--collection", "faq", "--model", base.name]
    call_command("generate_answers", *given, "--options", '{"n": 3}', "--json")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["state"], told["completions"], told["cost"]) == ("succeeded", 6, None)
    adapter_on(base, "polite")
    both = client.post("/api/v1/generations", body | {"beside": ["polite"]}, "application/json")
    assert both.json()["models"] == [base.name, "polite"]
    split = client.post("/api/v1/generations", body | {"parts": 2}, "application/json")
    assert len(split.json()["parts"]) == 2
    call_command("generate_answers", *given, "--parts", "2", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["completions"] == 2
    call_command("generate_answers", *given, "--beside", "polite", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["completions"] == 4
    with pytest.raises(CommandError, match="is no JSON"):
        call_command("generate_answers", *given, "--options", "{")


@pytest.mark.slow
def test_the_page_starts_a_grid_and_follows_it(
    client: Client, erin: Member, alice: Member, faq: Collection, base: LanguageModel
) -> None:
    client.force_login(erin.user)
    path = "/w/acme/collections/faq/generate/"
    asked = {
        "model": str(base.uid),
        "n": 2,
        "temperatures": "0.7 1.2",
        "top_ps": "",
        "max_new_tokens": 16,
        "refills": 0,
        "parts": 1,
        "seed": 5,
    }

    posted = client.post(path, asked)
    [run] = Run.objects.all()
    waiting = client.get(path, headers={"HX-Request": "true"}).text
    execute(run.job.uid)
    after = client.get(path, headers={"HX-Request": "true"}).text
    no_number = client.post(path, asked | {"temperatures": "0.7 inf"})
    no_judge = client.post(path, asked | {"best": 1})
    in_parts = client.post(path, asked | {"parts": 2}, follow=True).text
    client.force_login(alice.user)

    assert posted.status_code == 302
    assert (run.spec["seed"], run.spec["options"]["temperatures"]) == (5, [0.7, 1.2])
    assert "part 1 of 2" in in_parts
    assert "part 2 of 2" in in_parts
    assert "every 2s" in waiting
    assert "not yet" in waiting
    assert "every 2s" not in after
    assert ">8<" in after  # 2 prompts, 2 settings, 2 answers
    assert (no_number.status_code, no_judge.status_code) == (422, 422)
    assert "Numbers with a point" in no_number.text
    assert "Name the reward model" in no_judge.text
    assert client.get(path).status_code in (403, 404)


def test_a_key_reaches_the_server_and_stands_nowhere_else(
    erin: Member, faq: Collection, server: Server, settings: Any
) -> None:
    """By the real process: spec, events, log, database and audit are read afterwards."""
    settings.EVALHUB_ENDPOINT_PRIVATE = ["127.0.0.1"]
    access = Access(url=server.url, served_name="theirs", input_price=1, output_price=2)
    far = add_endpoint(workspace=erin.workspace, name="far", access=access, key=KEY, by=erin)
    run = done(start_generating(collection=faq, model=far, options={"n": 2}, by=erin))
    assert run.job.state == "succeeded", run.job.error
    assert {each["Authorization"] for each in server.headers} == {f"Bearer {KEY}"}
    assert Completion.objects.filter(generation__model=far).count() == 4
    assert run.metrics["cost"] == pytest.approx((4 * 10 + 4 * 4 * 2) / 1e6)

    folder = run_dir(run)
    assert (folder / "spec.json").is_file()
    assert (folder / "attempts" / "1" / "log.txt").is_file()
    written = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    told = [entry.details for entry in Entry.objects.all()]
    for text in (*written, json.dumps([run.spec, run.environment, run.metrics, told])):
        assert KEY not in text


@pytest.mark.slow
def test_a_key_that_cannot_be_opened_is_told(
    faq: Collection, server: Server, settings: Any
) -> None:
    settings.EVALHUB_ENDPOINT_PRIVATE = ["127.0.0.1"]
    access = Access(url=server.url, served_name="theirs")
    far = add_endpoint(workspace=faq.workspace, name="far", access=access, key=KEY)
    run = start_generating(collection=faq, model=far)
    settings.EVALHUB_SEALING_KEYS = ["another key " * 6]
    assert "EVALHUB_SEALING_KEYS" in done(run).job.error
    assert server.asked == []


def test_a_new_servers_key_does_not_go_to_the_old_server(faq: Collection, settings: Any) -> None:
    """A run that was laid out before asks the server that its spec names, whoever changed the endpoint since."""
    settings.EVALHUB_ENDPOINT_PRIVATE = ["127.0.0.1"]
    access = Access(url="http://127.0.0.1:1/v1", served_name="theirs")
    far = add_endpoint(workspace=faq.workspace, name="far", access=access, key=KEY)
    run = start_generating(collection=faq, model=far)
    run.refresh_from_db()
    folder = lay_out(run, unwatched)
    assert environment_of(run, folder)[ENDPOINT_KEY_VARIABLE] == KEY
    change_endpoint(endpoint=far.endpoint, given={"url": "http://127.0.0.1:2/v1"}, key="another")
    with pytest.raises(CannotRun, match="another server"):
        environment_of(run, folder)


def test_a_run_that_waits_asks_no_retired_server(faq: Collection, settings: Any) -> None:
    settings.EVALHUB_ENDPOINT_PRIVATE = ["127.0.0.1"]
    access = Access(url="http://127.0.0.1:1/v1", served_name="theirs")
    far = add_endpoint(workspace=faq.workspace, name="far", access=access)
    run = start_generating(collection=faq, model=far)
    retire_endpoint(endpoint=far.endpoint)
    assert "was retired" in done(run).job.error
