"""Every page that a Round leads to, over a Round that was really turned (with a made-up trainer)."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Comparison
from evalhub.jobs import jobs
from evalhub.jobs.models import Job
from evalhub.loops.models import Loop, Round
from evalhub.loops.services import start_round
from evalhub.prompts.models import Prompt
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run
from evalhub.runs.services import start_run
from tests.evalhub.loops.scenes import a_loop, turned, work_off
from tests.evalhub.runs.scenes import without_torch


@pytest.fixture
def loop(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loop:
    without_torch(monkeypatch)
    return a_loop(erin, tmp_path)


@pytest.fixture
def round_(loop: Loop, erin: Member) -> Round:
    return turned(start_round(loop=loop, by=erin))


def text(client: Client, page: str, *args: object) -> str:
    answer = client.get(reverse(page, args=["acme", *args]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_round_reads_as_prose_with_figures(client: Client, round_: Round, erin: Member) -> None:
    client.force_login(erin.user)
    page = text(client, "loops:round", round_.uid)

    assert "the new adapter was promoted, and 24 new tasks wait for judgment" in page
    assert "24 judgments by 24 people became" in page
    assert "24 pairs (12 to train on, 10 to test on)" in page
    assert "preference accuracy 50.0 %" in page
    assert "Promoted: preference accuracy is 100.0 %" in page


def test_every_page_that_it_leads_to_opens(client: Client, round_: Round, erin: Member) -> None:
    client.force_login(erin.user)
    for page in ("loops:list", "runs:list", "registry:list", "evaluation:list", "runs:try"):
        text(client, page)
    text(client, "loops:detail", round_.loop.uid)
    for run in Run.objects.all():
        assert "Settings" in text(client, "runs:detail", run.uid)
    for model in LanguageModel.objects.all():
        text(client, "registry:detail", model.uid)
    comparison = text(client, "evaluation:detail", Comparison.objects.get().uid)
    assert "Preference accuracy (per token)" in comparison
    assert "A kind answer." in comparison
    assert "Implicit-reward accuracy" in comparison, "of the adapter alone: a base has none"
    assert "100.0 % (72.2 to 100.0 %, n = 10)" in text(
        client, "registry:detail", LanguageModel.objects.get(kind="adapter").uid
    )


def test_pages_of_what_it_made_name_the_round(client: Client, round_: Round, erin: Member) -> None:
    """Of the second one too, which measures beside the first one's baseline and builds its own rows."""
    client.force_login(erin.user)
    second = turned(start_round(loop=round_.loop, by=erin))
    one, two = (reverse("loops:round", args=["acme", each.uid]) for each in (round_, second))
    adapters = LanguageModel.objects.filter(kind="adapter").order_by("pk")
    for model, mine in zip(adapters, (one, two), strict=True):
        assert f'<dd><a href="{mine}" dir="auto">' in text(client, "registry:detail", model.uid)
        assert mine in text(client, "runs:detail", model.made_by.uid)
    tree = text(client, "registry:list")
    assert tree.index(one) != tree.index(two)
    base = text(client, "runs:detail", Run.objects.get(recipe="evaluate", model__kind="base").uid)
    assert one in base
    assert two in base
    for build in DatasetBuild.objects.order_by("pk")[:2]:
        page = text(client, "datasets:build", build.uid)
        assert one in page
        assert two not in page
    prompt = Prompt.objects.filter(group__split="train").order_by("pk")[0]
    where = text(client, "lineage:prompt", prompt.uid)
    assert where.count(one) == 4  # two builds, a run, a model

    tied = set(Round.runs.through.objects.values_list("round", "run")), set(Round.builds.through.objects.values_list("round", "datasetbuild"))  # fmt: skip
    for each in (round_, second):
        each.runs.clear()
        each.builds.clear()
    import_module("evalhub.loops.migrations.0003_rounds_name_what_they_made").tie(apps, None)
    assert tied == (set(Round.runs.through.objects.values_list("round", "run")), set(Round.builds.through.objects.values_list("round", "datasetbuild")))  # fmt: skip


def test_a_running_round_asks_for_itself_again_and_a_done_one_does_not(
    client: Client, loop: Loop, erin: Member
) -> None:
    client.force_login(erin.user)
    client.post(reverse("loops:start", args=["acme", loop.uid]))
    round_ = Round.objects.get()
    assert 'hx-trigger="every 2s"' in text(client, "loops:round", round_.uid)
    turned(round_)
    assert 'hx-trigger="every 2s"' not in text(client, "loops:round", round_.uid)


def test_pages_carry_no_inline_style_or_script(client: Client, round_: Round, erin: Member) -> None:
    client.force_login(erin.user)
    pages = [
        text(client, "loops:round", round_.uid),
        text(client, "evaluation:detail", Comparison.objects.get().uid),
        *(text(client, "runs:detail", run.uid) for run in Run.objects.all()),
    ]
    for page in pages:
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page


def test_an_adapters_files_can_be_fetched_and_nothing_else(
    client: Client, round_: Round, erin: Member, charlie: Member
) -> None:
    model = LanguageModel.objects.get(kind="adapter")
    address = reverse("registry:file", args=["acme", model.uid, "adapter_config.json"])
    client.force_login(erin.user)
    assert b"".join(client.get(address).streaming_content) == b'{"from": ""}'
    assert client.get(address.replace("adapter_config", "secret")).status_code == 404
    client.force_login(charlie.user)
    assert client.get(address).status_code == 404


def test_an_annotator_may_not_start_a_round_nor_read_of_it(
    client: Client, loop: Loop, bob: Member
) -> None:
    client.force_login(bob.user)
    assert client.post(reverse("loops:start", args=["acme", loop.uid])).status_code == 403
    assert client.get(reverse("loops:detail", args=["acme", loop.uid])).status_code == 403


def test_a_second_round_is_refused_with_a_sentence(
    client: Client, loop: Loop, erin: Member
) -> None:
    client.force_login(erin.user)
    client.post(reverse("loops:start", args=["acme", loop.uid]))
    answer = client.post(reverse("loops:start", args=["acme", loop.uid]))
    assert answer.status_code == 409
    assert "is still running" in answer.content.decode()


def test_the_api_starts_a_round_and_tells_how_it_goes(
    client: Client, loop: Loop, erin: Member
) -> None:
    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    answer = client.post(f"/api/v1/loops/{loop.uid}/rounds", headers=headers)
    assert answer.status_code == 201
    uid = answer.json()["round"]
    assert client.post(f"/api/v1/loops/{loop.uid}/rounds", headers=headers).json()["code"] == (
        "round_running"
    )

    work_off()
    report = client.get(f"/api/v1/rounds/{uid}", headers=headers).json()
    assert report["state"] == "succeeded"
    assert [step["state"] for step in report["steps"]] == ["succeeded"] * 7
    for name in ("loops", "runs", "models", "evaluations", "comparisons", "promotions"):
        assert client.get(f"/api/v1/{name}", headers=headers).json()["results"]


def test_a_stranger_sees_no_round_through_the_api(
    client: Client, round_: Round, charlie: Member
) -> None:
    headers = {"authorization": f"Bearer {create_token(member=charlie, name='api').text}"}
    answer = client.get(f"/api/v1/rounds/{round_.uid}", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (404, "No such Round.")
    absent = client.get(f"/api/v1/rounds/{erin_uid()}", headers=headers)
    assert absent.json() == answer.json()


def test_the_command_starts_a_round_and_ends_with_the_report(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("run_round", workspace="acme", json=True)
    started = json.loads(capsys.readouterr().out)
    assert started["state"] == "running"
    assert started["promotion"] is None


def test_waiting_without_live_workers_is_an_error_with_the_remedy(loop: Loop) -> None:
    with pytest.raises(CommandError, match="Start `manage"):
        call_command("run_round", workspace="acme", wait=True)
    assert not Round.objects.exists()


def test_the_command_resumes_what_failed(
    loop: Loop, erin: Member, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "tiny" / "config.json"
    before = config.read_text()
    config.write_text('{"changed": true}')
    round_ = turned(start_round(loop=loop, by=erin))
    config.write_text(before)

    call_command("run_round", workspace="acme", resume=round_.uid, json=True)
    assert json.loads(capsys.readouterr().out)["state"] == "running"
    assert turned(round_).state == "succeeded"


def test_a_typed_prompt_is_answered_side_by_side_and_recorded(
    client: Client, round_: Round, erin: Member
) -> None:
    client.force_login(erin.user)
    base, adapter = round_.loop.base_model, LanguageModel.objects.get(kind="adapter")
    form = {"base": base.uid, "adapter": adapter.uid, "prompt": "Who are you?", "temperature": "0"}
    answer = client.post(reverse("runs:try", args=["acme"]), form)
    assert answer.status_code == 302
    assert "Who are you?" in client.get(answer.url).content.decode()

    work_off()
    page = client.get(answer.url).content.decode()
    assert page.count("Answer 0") == 2
    assert Job.objects.filter(title__startswith="Try it").count() == 2


def test_try_it_begins_with_the_adapter_in_service_and_its_base(
    client: Client, round_: Round, erin: Member
) -> None:
    client.force_login(erin.user)
    adapter = LanguageModel.objects.get(kind="adapter")
    page = text(client, "runs:try")
    assert f'<option value="{adapter.uid}" selected>' in page
    assert f'<option value="{adapter.base.uid}" selected>' in page


def test_how_long_it_took_is_exact(client: Client, round_: Round, erin: Member) -> None:
    client.force_login(erin.user)
    Round.objects.update(ended_at=round_.created_at + timedelta(seconds=109))
    Run.objects.filter(recipe="dpo").update(seconds=3700.0)
    page = text(client, "loops:round", round_.uid)
    assert "took 1 min 49 s" in page
    assert "dpo took 1 h 1 min 40 s" in page


def test_a_running_runs_page_tells_one_time_that_is_left(
    client: Client, loop: Loop, erin: Member
) -> None:
    run = start_run(workspace=erin.workspace, recipe="noop", by=erin)
    jobs.take(run.job.uid)
    Job.objects.update(done=5, total=10, note="about 12 s left", started_at=run.created_at)
    client.force_login(erin.user)
    assert text(client, "runs:detail", run.uid).count(" left") == 1


def erin_uid() -> str:
    return "00000000-0000-4000-8000-000000000000"
