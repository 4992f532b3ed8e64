"""Pages and API of what leaves a build: rows, one row, card, diff, exports, pushes."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.datasets import reading
from evalhub.datasets.export.jobs import sweep_build_exports
from evalhub.datasets.models import BuildExport, BuildPush, DatasetBuild, DiffReport
from evalhub.datasets.queries import lines_of, rows_of
from evalhub.datasets.reading import row_named, rows_page
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt
from tests.evalhub.datasets.conftest import Build
from tests.factories import AssignmentFactory, JudgmentFactory, PreferenceFactory

pytestmark = pytest.mark.django_db


def every_row(build: DatasetBuild, **asked: Any) -> list[str]:
    """The ids that paging through the split finds."""
    found: list[str] = []
    place: int | None = 0
    while place is not None:
        page = rows_page(build, "train", place=place, **asked)
        assert all(row["id"] == line["id"] for row, line in page.rows)
        found += [row["id"] for row, _ in page.rows]
        place = page.following
    return found


def test_paging_finds_every_row_once_from_any_byte_on(
    compared: list[Task], build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 3)
    made = build()
    ids = [row["id"] for row in rows_of(made, "train")]

    assert every_row(made) == ids
    second = rows_page(made, "train").following or 0
    inside = rows_page(made, "train", place=second - 7)
    assert [row["id"] for row, _ in inside.rows] == ids[3:6]
    assert rows_page(made, "train", place=10**9).rows == []


def test_every_row_is_found_by_its_name_and_no_other(compared: list[Task], build: Build) -> None:
    made = build()
    for line in lines_of(made, "lineage.jsonl"):
        found = row_named(made, line["id"])
        assert (found.row["id"], found.lineage) == (line["id"], line)
    for name in ("0" * 32, "f" * 32, "../../etc/passwd", ""):
        with pytest.raises(reading.NotFound):
            row_named(made, name)


def test_a_search_is_bounded_and_goes_on(
    compared: list[Task], build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    Prompt.objects.filter(pk=compared[3].prompt_id).update(
        messages=[{"role": "user", "content": "Wie heißt der MÄRCHENKÖNIG?"}]
    )
    made = build()
    assert len(every_row(made, text="märchenkönig")) == 1
    assert every_row(made, text="content") == []  # a key is no text
    monkeypatch.setattr(reading, "MOST_READ", 2)
    first = rows_page(made, "train", text="no such words")
    assert (first.rows, first.looked_at) == ([], 2)
    assert len(every_row(made, text="märchenkönig")) == 1


def test_a_row_shows_who_said_what_in_which_order_and_why_it_is_in(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    task = compared[0]
    held = AssignmentFactory.create(task=task, state="submitted", permutation=[1, 0])
    judgment = JudgmentFactory.create(
        task=task, member=held.member, assignment=held, critique="<b>Because</b> it is shorter."
    )
    first, second = task.completions.order_by("placed__place")
    PreferenceFactory.create(judgment=judgment, first=second, second=first, margin=-2)
    made = build()
    (line,) = [
        each for each in lines_of(made, "lineage.jsonl") if each["prompt"] == str(task.prompt.uid)
    ]
    client.force_login(erin.user)

    page = client.get(f"/w/acme/builds/{made.uid}/rows/{line['id']}/").text

    assert "Preferred by 2 of 2" in page
    assert "2 judgments behind it" in page
    assert (
        "overall: B, by 2 of 3" in page
    )  # the second that was shown, which is the first of the task
    assert f"B = {first.generation.model.name} (chosen)" in page
    assert held.member.pseudonym in page
    assert "&lt;b&gt;Because&lt;/b&gt;" in page
    assert str(judgment.campaign.rubric_version) in page
    assert task.prompt.external_id in page


def test_rows_and_card_are_pages(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    made = build()
    client.force_login(erin.user)
    rows = client.get(f"/w/acme/builds/{made.uid}/rows/?split=test&q=&at=zero")
    assert rows.status_code == 200
    assert "1 in test" in rows.text
    assert client.get(f"/w/acme/builds/{made.uid}/rows/{'0' * 32}/").status_code == 404
    card = client.get(f"/w/acme/builds/{made.uid}/card/").text
    assert made.digest in card


def test_two_builds_are_compared_once_by_a_job(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    old = build()
    Judgment.objects.filter(task=compared[0]).update(is_extra=True)
    again = JudgmentFactory.create(task=compared[1])
    PreferenceFactory.create(judgment=again, margin=1)
    new = build()
    other = build("sft", min_rating=3)
    client.force_login(erin.user)
    path = f"/w/acme/builds/{new.uid}/diff/"
    assert client.post(path, {"other": other.uid}).headers["Location"].endswith(f"{new.uid}/")

    first = client.post(path, {"other": old.uid}).headers["Location"]
    assert "every 2s" in client.get(first).text
    execute(DiffReport.objects.get().job.uid)
    second = client.post(f"/w/acme/builds/{old.uid}/diff/", {"other": new.uid})

    assert second.headers["Location"] == first
    report = DiffReport.objects.get()
    assert [report.body[name] for name in ("added", "removed", "changed")] == [0, 1, 1]
    page = client.get(first, headers={"HX-Request": "true"}).text
    assert "every 2s" not in page
    assert "Preferred by 2 of 2".lower() in page.lower()
    assert all(each["text"] for each in report.body["examples"])


FORM = {"shape": "llamafactory", "container": "folder", "splits": ["train", "test"]}


def test_an_export_is_made_by_a_job_downloaded_with_a_trace_and_gone_after_a_week(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    made = build()
    client.force_login(erin.user)
    path = f"/w/acme/builds/{made.uid}/exports/"
    assert "What each shape leaves behind" in client.get(path).text

    page = client.post(path, FORM).headers["Location"]
    export = BuildExport.objects.get()
    assert "every 2s" in client.get(page).text
    assert client.post(f"{page}download/").status_code == 410
    execute(export.job.uid)

    export.refresh_from_db()
    assert export.filename == f"my-preference-{made.digest[:12]}-llamafactory.zip"
    assert "8 train, 1 test" in client.get(page).text
    file = client.post(f"{page}download/")
    assert "attachment" in file.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        assert sorted(archive.namelist()) == [
            "README.md", "dataset_info.json", "evalhub.json", "test.jsonl", "train.jsonl",
        ]  # fmt: skip
    BuildExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sweep_build_exports()
    assert client.post(f"{page}download/").status_code == 410
    assert "gone after a week" in client.get(page).text
    verbs = Entry.objects.filter(verb__startswith="build_export").order_by("pk")
    assert [each.verb.split(".")[1] for each in verbs] == ["started", "downloaded", "expired"]


def test_an_export_that_cannot_be_is_said_at_the_form(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    made = build()
    client.force_login(erin.user)
    for change in ({"shape": "xml"}, {"splits": []}):
        answer = client.post(f"/w/acme/builds/{made.uid}/exports/", FORM | change)
        assert answer.status_code == 422
    assert not BuildExport.objects.exists()


def test_a_push_needs_a_place_that_is_allowed(
    client: Client, erin: Member, compared: list[Task], build: Build, settings: Any
) -> None:
    made = build()
    client.force_login(erin.user)
    path = f"/w/acme/builds/{made.uid}/pushes/"
    assert "No place is allowed" in client.get(path).text
    asked = {"target": "s3://data/ours/pairs", "shape": "trl"}
    assert client.post(path, asked).status_code == 422

    settings.EVALHUB_PUSH_TARGETS = ["s3://data/ours"]
    answer = client.post(path, asked)

    push = BuildPush.objects.get()
    assert answer.headers["Location"] == f"/w/acme/build-pushes/{push.uid}/"
    assert "every 2s" in client.get(answer.headers["Location"]).text
    assert "s3://data/ours/pairs" in client.get(path).text


def test_nobody_else_sees_any_of_it(
    client: Client, bob: Member, charlie: Member, compared: list[Task], build: Build, erin: Member
) -> None:
    made = build()
    client.force_login(erin.user)
    client.post(f"/w/acme/builds/{made.uid}/exports/", FORM)
    uid = BuildExport.objects.get().uid
    paths = [f"builds/{made.uid}/rows/", f"builds/{made.uid}/card/", f"build-exports/{uid}/"]
    for member, status in ((bob, 403), (charlie, 404)):
        client.force_login(member.user)
        assert [client.get(f"/w/acme/{path}").status_code for path in paths] == [status] * 3
    for path in paths:
        assert client.get(f"/w/elsewhere/{path}").status_code == 404


def test_the_api_exports_compares_and_pushes(
    erin: Member, compared: list[Task], build: Build, settings: Any
) -> None:
    old, made = build(), build()
    settings.EVALHUB_PUSH_TARGETS = ["hf://datasets/acme"]
    api = APIClient(headers={"Authorization": f"Bearer {create_token(member=erin, name='t').text}"})

    asked = {"shape": "openai", "format": "jsonl", "splits": ["train"]}
    started = api.post(f"/api/v1/builds/{made.uid}/exports", asked, format="json")
    assert started.status_code == 202, started.content
    execute(started.json()["job"])
    told = api.get(f"/api/v1/build-exports/{started.json()['uid']}").json()
    assert (told["state"], told["found"]["rows"]) == ("succeeded", {"train": 8})
    file = api.get(f"/api/v1/build-exports/{told['uid']}/download")
    lines = b"".join(file.streaming_content).splitlines()
    assert "preferred_output" in json.loads(lines[0])
    refused = api.post(f"/api/v1/builds/{made.uid}/exports", {"shape": "xml"}, format="json")
    assert refused.status_code == 400
    compare = api.post(f"/api/v1/builds/{made.uid}/diffs", {"other": str(old.uid)}, format="json")
    execute(compare.json()["job"])
    diff = api.get(f"/api/v1/build-diffs/{compare.json()['uid']}").json()
    assert diff["body"]["added"] == 0
    where = {"target": "hf://datasets/acme/pairs"}
    pushed = api.post(f"/api/v1/builds/{made.uid}/pushes", where, format="json")
    assert (pushed.status_code, pushed.json()["state"]) == (202, "queued")
    assert api.get(f"/api/v1/build-pushes/{pushed.json()['uid']}").json()["outcome"] == {}
    elsewhere = {"target": "s3://data/x"}
    answer = api.post(f"/api/v1/builds/{made.uid}/pushes", elsewhere, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "target_not_allowed")
