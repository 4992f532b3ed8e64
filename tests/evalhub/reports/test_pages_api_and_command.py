from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.files import file_store
from evalhub.jobs.choices import JobState
from evalhub.jobs.jobs import execute
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.reports.choices import ExportFormat
from evalhub.reports.exporting import export_judgments
from evalhub.reports.jobs import sweep_exports
from evalhub.reports.models import Export
from evalhub.reports.services import start_export
from tests.conftest import cast_member
from tests.evalhub.reports.conftest import many

pytestmark = pytest.mark.django_db


def started(campaign: Campaign, by: Member, format: str = "jsonl") -> Export:
    return start_export(campaign=campaign, format=ExportFormat(format), everything=False, by=by)


def folder_of(export: Export) -> Path:
    return Path(settings.EVALHUB_DATA_DIR) / "exports" / str(export.uid)


def api_of(member: Member) -> APIClient:
    token = create_token(member=member, name="t").text
    return APIClient(headers={"Authorization": f"Bearer {token}"})


# The page


def test_a_lead_exports_watches_and_downloads(
    client: Client, alice: Member, campaign: Campaign, task: Task
) -> None:
    many(task, 3)
    client.force_login(alice.user)
    page = f"/w/acme/campaigns/{campaign.uid}/exports/"
    assert page in client.get(f"/w/acme/campaigns/{campaign.uid}/").text
    assert client.get(page).status_code == 200

    answer = client.post(page, {"format": "csv", "everything": "on"})

    export = Export.objects.get()
    assert answer.headers["Location"] == f"/w/acme/exports/{export.uid}/"
    assert (export.format, export.everything) == ("csv", True)
    assert "every 2s" in client.get(answer.headers["Location"]).text
    execute(export.job.uid)
    export.refresh_from_db()
    text = client.get(answer.headers["Location"], headers={"HX-Request": "true"}).text
    assert "every 2s" not in text
    assert export.digest in text
    file = client.post(f"/w/acme/exports/{export.uid}/download/")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{export.filename}"'
    assert len(file.getvalue().splitlines()) == 4
    told = Entry.objects.filter(target=f"export {export.uid}").order_by("pk")
    assert [(each.verb, each.actor) for each in told] == [
        ("export.started", "alice"),
        ("export.downloaded", "alice"),
    ]


def test_what_is_not_written_or_gone_is_said(
    client: Client, alice: Member, campaign: Campaign, task: Task
) -> None:
    client.force_login(alice.user)
    export = started(campaign, alice)
    download = f"/w/acme/exports/{export.uid}/download/"
    assert client.post(download).status_code == 409
    execute(export.job.uid)
    key = Export.objects.get().file_key
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    sweep_exports()

    assert not file_store().exists(key)
    assert client.post(download).status_code == 410
    assert "gone after a week" in client.get(f"/w/acme/exports/{export.uid}/").text
    assert "expired" in client.get(f"/w/acme/campaigns/{campaign.uid}/exports/").text
    assert Entry.objects.filter(verb="export.expired", actor="system").count() == 1


def test_only_those_who_build_take_data_out(
    client: Client, alice: Member, bob: Member, charlie: Member, campaign: Campaign, task: Task
) -> None:
    export = started(campaign, alice)
    execute(export.job.uid)
    list_, detail = f"campaigns/{campaign.uid}/exports", f"exports/{export.uid}"
    for member in (bob, cast_member("rita", campaign.workspace, "reviewer")):
        client.force_login(member.user)
        assert f"{list_}/" not in client.get(f"/w/acme/campaigns/{campaign.uid}/").text
        assert client.get(f"/w/acme/{list_}/").status_code == 403
        assert client.post(f"/w/acme/{list_}/", {"format": "csv"}).status_code == 403
        assert client.get(f"/w/acme/{detail}/").status_code == 403
        assert client.post(f"/w/acme/{detail}/download/").status_code == 403
        assert (
            api_of(member).post(f"/api/v1/{list_}", {"format": "csv"}, format="json").status_code
            == 403
        )
        assert api_of(member).get(f"/api/v1/{detail}/download").status_code == 403
    client.force_login(charlie.user)
    for place in ("acme", "elsewhere"):
        assert client.get(f"/w/{place}/{list_}/").status_code == 404
        assert client.get(f"/w/{place}/{detail}/").status_code == 404
        assert client.post(f"/w/{place}/{detail}/download/").status_code == 404
    stranger = api_of(charlie)
    assert stranger.post(f"/api/v1/{list_}", {"format": "csv"}, format="json").status_code == 404
    assert stranger.get(f"/api/v1/{detail}").status_code == 404
    assert stranger.get(f"/api/v1/{detail}/download").status_code == 404
    assert Export.objects.count() == 1
    assert not Entry.objects.filter(verb="export.downloaded").exists()


# The API


def test_the_api_exports_and_hands_out_the_file(
    erin: Member, campaign: Campaign, task: Task
) -> None:
    many(task, 2)
    api = api_of(erin)

    answer = api.post(
        f"/api/v1/campaigns/{campaign.uid}/exports", {"format": "jsonl"}, format="json"
    )
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    uid = answer.json()["uid"]
    early = api.get(f"/api/v1/exports/{uid}/download")
    assert (early.status_code, early.json()["code"]) == (409, "not_exported")
    execute(answer.json()["job"])

    state = api.get(f"/api/v1/exports/{uid}").json()
    assert (state["state"], state["rows"], state["left_out"]) == ("succeeded", 2, {})
    assert (state["done"], state["total"]) == (2, 2)
    assert "file_key" not in state
    text = b"".join(api.get(f"/api/v1/exports/{uid}/download").streaming_content)
    assert len(text) == state["bytes"]
    assert Entry.objects.filter(verb="export.downloaded", actor="erin").count() == 1
    assert [
        each["uid"] for each in api.get(f"/api/v1/campaigns/{campaign.uid}/exports").json()
    ] == [uid]
    assert (
        api.post(
            f"/api/v1/campaigns/{campaign.uid}/exports", {"format": "xls"}, format="json"
        ).status_code
        == 400
    )


# The job


def test_an_attempt_goes_on_with_what_the_one_before_left(
    alice: Member, campaign: Campaign, task: Task, tmp_path: Path
) -> None:
    rows = many(task, 3)
    export = started(campaign, alice)
    target = folder_of(export) / export.filename
    target.parent.mkdir(parents=True)

    def die(done: int, _total: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export_judgments(
            export.campaign,
            format=ExportFormat.JSONL,
            everything=False,
            target=target,
            report=die,
            page_size=2,
        )
    rows[0].campaign.judgments.filter(pk=rows[0].pk).update(critique="read before this")

    execute(export.job.uid)

    export.refresh_from_db()
    with file_store().open(export.file_key) as stream:
        lines = [json.loads(line) for line in stream]
    assert [line["critique"] for line in lines] == ["reason 0", "reason 1", "reason 2"]
    assert not folder_of(export).exists()


def test_what_a_cancelled_export_left_is_swept(
    alice: Member, campaign: Campaign, task: Task
) -> None:
    export, running = started(campaign, alice), started(campaign, alice)
    for each in (export, running):
        folder_of(each).mkdir(parents=True)
    cancel_job(job=export.job, by=alice)

    sweep_exports()

    assert not folder_of(export).exists()
    assert folder_of(running).exists()
    folder_of(running).rmdir()


def test_an_attempt_beside_another_goes_back_to_the_queue(
    alice: Member, campaign: Campaign, task: Task
) -> None:
    many(task, 1)
    export = started(campaign, alice)
    target = folder_of(export) / export.filename
    target.parent.mkdir(parents=True)

    export_judgments(
        export.campaign,
        format=ExportFormat.JSONL,
        everything=False,
        target=target,
        report=lambda _done, _total: execute(export.job.uid),
    )

    assert Job.objects.get(pk=export.job.pk).state == JobState.QUEUED


# The command


def run(campaign: Campaign, *more: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("export_judgments", "--campaign", str(campaign.uid), *more, "--json", stdout=out)
    summary: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return summary


def test_the_command_writes_the_file_and_ends_with_one_object(
    campaign: Campaign, task: Task, tmp_path: Path
) -> None:
    rows = many(task, 3)
    campaign.judgments.filter(pk=rows[0].pk).update(is_extra=True)
    target = tmp_path / "out.csv"

    found = run(campaign, "--format", "csv", "--output", str(target))

    assert (found["rows"], found["left_out"]) == (2, {"extra": 1})
    assert found["bytes"] == target.stat().st_size
    assert len(found["digest"]) == 64
    assert run(campaign, "--format", "csv", "--output", str(target))["digest"] == found["digest"]
    everything = run(campaign, "--format", "csv", "--output", str(target), "--all")
    assert (everything["rows"], everything["left_out"]) == (3, {})
    assert Entry.objects.filter(verb="export.written_by_command", actor="system").count() == 3


def test_ctrl_c_leaves_what_the_next_call_goes_on_with(
    campaign: Campaign, task: Task, tmp_path: Path
) -> None:
    many(task, 2)
    target = tmp_path / "out.jsonl"
    asked = ("--format", "jsonl", "--output", str(target))
    whole = run(campaign, *asked)["digest"]
    target.unlink()

    def pressed(execute: Any, sql: str, *more: Any) -> Any:
        if "j.campaign_id" in sql and (tmp_path / "out.jsonl.part.json").exists():
            raise KeyboardInterrupt  # while the second page is asked for
        return execute(sql, *more)

    with connection.execute_wrapper(pressed), pytest.raises(CommandError, match="to go on") as told:
        run(campaign, *asked)

    assert told.value.returncode == 130
    assert (tmp_path / "out.jsonl.part").stat().st_size
    assert run(campaign, *asked)["digest"] == whole


@pytest.mark.parametrize(
    "format, output, told",
    [("csv", "no/such/folder", "Cannot write"), ("parquet", "out", r"\[parquet\]")],
)
def test_the_command_says_what_to_do(
    campaign: Campaign,
    task: Task,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format: str,
    output: str,
    told: str,
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as where it is not installed
    with pytest.raises(CommandError, match=told):
        run(campaign, "--format", format, "--output", str(tmp_path / output))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_campaign_is_said(campaign: Campaign, alice: Member, tmp_path: Path) -> None:
    campaign.uid = alice.uid
    with pytest.raises(CommandError, match="There is no campaign"):
        run(campaign, "--format", "csv", "--output", str(tmp_path / "out"))


def test_the_page_says_what_parquet_needs(
    client: Client, alice: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    client.force_login(alice.user)

    answer = client.post(f"/w/acme/campaigns/{campaign.uid}/exports/", {"format": "parquet"})

    assert answer.status_code == 422
    assert "pip install" in answer.text
    assert not Export.objects.exists()
