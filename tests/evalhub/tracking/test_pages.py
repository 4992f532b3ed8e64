"""Setting up a service and sending by hand: page, API and command say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.jobs.models import Job
from evalhub.tracking.errors import AddressNotAllowed, BadTracker, CannotTrack
from evalhub.tracking.models import Track, Tracker
from evalhub.tracking.services import send_run
from tests import factories
from tests.evalhub.tracking.scenes import run_with_figures, tracker
from tests.mlflow_server import mlflow

OURS = "https://mlflow.example.org"
KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.EVALHUB_TRACKER_ADDRESSES = [OURS, "https://api.wandb.ai"]


def test_an_engineer_sets_up_a_service_on_the_page(client: Client, erin: Member) -> None:
    client.force_login(erin.user)
    page = client.get(reverse("tracking:list", args=["acme"])).content.decode()
    assert page.count("not set up") == 4
    assert "no prompt, no answer" in page

    edit = reverse("tracking:edit", args=["acme", "wandb"])
    asked = {"project": "tone", "address": "https://api.wandb.ai", "is_on": "on"}
    refused = client.post(edit, asked | {"key_variable": KEY})
    assert refused.status_code == 422
    assert "Name the variable of the worker" in refused.content.decode()
    assert not Tracker.objects.exists()

    assert client.post(edit, asked | {"key_variable": "WANDB_API_KEY"}).status_code == 302
    assert Tracker.objects.get().place == "wandb https://api.wandb.ai tone"
    entry = Entry.objects.get(verb="tracker.set")
    assert (entry.actor, entry.details["to"]) == ("erin", "wandb https://api.wandb.ai tone")
    page = client.get(reverse("tracking:list", args=["acme"])).content.decode()
    assert page.count("not set up") == 3
    assert "WANDB_API_KEY" in page
    assert client.get(reverse("tracking:edit", args=["acme", "neptune"])).status_code == 404


@pytest.mark.parametrize(
    "variable", [KEY, "DATABASE_URL", "EVALHUB_SECRET_KEY", "wandb_api_key", "WANDB_", "AWS_SECRET_ACCESS_KEY"]
)  # fmt: skip
def test_neither_a_key_nor_another_secret_of_the_worker(acme: Workspace, variable: str) -> None:
    with pytest.raises(BadTracker) as refused:
        tracker(acme, "mlflow", address=OURS, key_variable=variable)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["", "mlflow.example.org", "ftp://mlflow.example.org", "https://key@mlflow.example.org",
     f"{OURS}?key=1", f"{OURS}/../x", f"{OURS}:99999", f"{OURS}/%2e%2e/x", "https://mlflow.example.org\\@evil.example"],
)  # fmt: skip
def test_no_address(acme: Workspace, address: str) -> None:
    with pytest.raises(BadTracker):
        tracker(acme, "mlflow", address=address)


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254", "http://127.0.0.1:6379", f"{OURS}-too", f"{OURS}.evil.example", f"{OURS}:8080"]
)  # fmt: skip
def test_an_address_that_nobody_allowed(acme: Workspace, address: str) -> None:
    with pytest.raises(AddressNotAllowed):
        tracker(acme, "mlflow", address=address)
    assert tracker(acme, "mlflow", address=f"{OURS}/ours/").address == f"{OURS}/ours"


@pytest.mark.parametrize("project", ["", "../x", "a b", ".hidden", "a/b", "x" * 61])
def test_no_project(acme: Workspace, project: str) -> None:
    from evalhub.tracking.choices import Service
    from evalhub.tracking.services import set_tracker

    with pytest.raises(BadTracker):
        set_tracker(workspace=acme, service=Service.TENSORBOARD, project=project)


def test_what_a_service_needs_is_asked_for(acme: Workspace) -> None:
    with pytest.raises(BadTracker, match="asks for a key"):
        tracker(acme, "wandb", address="https://api.wandb.ai")
    with pytest.raises(BadTracker, match="no files"):
        tracker(acme, "mlflow", is_offline=True)


def test_what_cannot_be_sent(acme: Workspace) -> None:
    to = tracker(acme, "tensorboard", is_on=False)
    run = run_with_figures(acme)
    with pytest.raises(CannotTrack, match="switched off"):
        send_run(run=run, tracker=to)
    to = tracker(acme, "tensorboard")
    with pytest.raises(CannotTrack, match="no figures"):
        send_run(run=factories.RunFactory.create(workspace=acme, recipe="sft"), tracker=to)
    send_run(run=run, tracker=to)
    with pytest.raises(CannotTrack, match="waits"):
        send_run(run=run, tracker=to)


def test_the_page_of_a_run_says_what_is_missing_and_sends_it(client: Client, erin: Member) -> None:
    run, to = run_with_figures(erin.workspace), tracker(erin.workspace, "mlflow", address=OURS)
    client.force_login(erin.user)
    page = reverse("runs:detail", args=["acme", run.uid])
    assert "nothing sent yet" in client.get(page).content.decode()
    Track.objects.create(run=run, tracker=to, place=to.place, error="It cannot be reached <now>.")
    shown = client.get(page).content.decode()
    assert "It cannot be reached &lt;now&gt;." in shown
    assert "Send what is missing to MLflow" in shown

    send = reverse("tracking:send", args=["acme", run.uid])
    assert client.post(send, {"to": "mlflow"}).status_code == 302
    assert Job.objects.get(kind="tracking.send").created_by == erin
    assert client.post(send, {"to": "comet"}).status_code == 404
    assert client.post(send, {"to": "neptune"}).status_code == 400

    Track.objects.update(has_end=True, error="", seen_at=f"{OURS}/#/runs/1")
    shown = client.get(page).content.decode()
    assert f'href="{OURS}/#/runs/1"' in shown
    assert "Send what is missing" not in shown
    Track.objects.update(seen_at="javascript:alert(1)")
    assert 'href="javascript' not in client.get(page).content.decode()


def test_the_api(client: Client, erin: Member) -> None:
    client.force_login(erin.user)
    run = run_with_figures(erin.workspace)
    url, of_run = "/api/v1/trackers?workspace=acme", f"/api/v1/runs/{run.uid}/tracking"

    def post(to: str, body: dict[str, Any]) -> Any:
        return client.post(to, json.dumps(body), content_type="application/json")

    asked = {"service": "mlflow", "project": "tone", "address": OURS}
    assert post(url, asked | {"key_variable": KEY}).json()["code"] == "bad_tracker"
    assert post(url, asked | {"address": "http://127.0.0.1"}).json()["code"] == "address_not_allowed"  # fmt: skip
    assert post(of_run, {"to": "mlflow"}).status_code == 404
    whole = asked | {"key_variable": "", "is_offline": False, "is_on": True}
    assert post(url, asked).json() == whole
    assert client.get(url).json() == [whole]
    queued = post(of_run, {"to": "mlflow"})
    assert (queued.status_code, queued.json()[0]["is_complete"]) == (202, False)
    assert post(of_run, {"to": "mlflow"}).json()["code"] == "cannot_track"
    assert client.get(of_run).json()[0]["to"] == "mlflow"


def test_the_commands(acme: Workspace, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_with_figures(acme)
    with mlflow() as server:
        settings.EVALHUB_TRACKER_ADDRESSES = [server.url]
        with pytest.raises(CommandError, match="Nothing may be sent there"):
            call_command("tracker", "--workspace", "acme", "--service", "mlflow", "--address", OURS)
        to = ("--workspace", "acme", "--service", "mlflow", "--address", server.url)
        call_command("tracker", *to, "--json")
        assert json.loads(capsys.readouterr().out)[0]["address"] == server.url
        call_command("track_run", str(run.uid), "--to", "mlflow", "--json")
        told = json.loads(capsys.readouterr().out)
        assert (told["is_complete"], told["sent_to"], told["error"]) == (True, 50, "")
        with pytest.raises(CommandError, match="has everything"):
            call_command("track_run", str(run.uid), "--to", "mlflow")
        call_command("tracker", *to, "--off")
        assert capsys.readouterr().out == f"mlflow {server.url} evalhub (off)\n"
