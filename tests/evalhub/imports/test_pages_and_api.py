from __future__ import annotations

import io
import json

import pytest
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import create_token
from evalhub.imports.models import Import
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Prompt
from tests.factories import ImportFactory, RejectedRowFactory

pytestmark = pytest.mark.django_db

ROW = json.dumps({"id": "p1", "messages": [{"role": "user", "content": "<script>x</script>?"}]})


def upload(name: str = "p.jsonl", text: str = ROW) -> io.BytesIO:
    stream = io.BytesIO(text.encode())
    stream.name = name
    return stream


def test_a_lead_uploads_a_file_and_sees_what_became_of_it(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    form = {
        "kind": "prompts",
        "collection": "faq",
        "format": "auto",
        "file": upload(text=ROW + "\n{"),
    }

    answer = client.post("/w/acme/imports/new/", form)

    source = Import.objects.get()
    assert answer.headers["Location"] == f"/w/acme/imports/{source.uid}/"
    assert "every 2s" in client.get(answer.headers["Location"]).text
    execute(source.job.uid)
    looked = client.get(answer.headers["Location"]).text
    assert "Nothing is read in yet" in looked
    assert "Not JSON" in looked
    assert not Prompt.objects.exists()
    client.post(f"/w/acme/imports/{source.uid}/confirm/")
    source.refresh_from_db()
    execute(source.job.uid)
    page = client.get(answer.headers["Location"], headers={"HX-Request": "true"}).text
    assert "every 2s" not in page
    assert "Not JSON" in page
    csv = client.get(f"/w/acme/imports/{source.uid}/rejected.csv")
    assert "attachment" in csv.headers["Content-Disposition"]
    assert b"Not JSON" in csv.getvalue()
    for path in ("imports/", "collections/", "collections/faq/", "collections/faq/?split=test"):
        assert client.get(f"/w/acme/{path}").status_code == 200


def test_a_file_of_no_known_format_is_said_at_the_form(client: Client, alice: Member) -> None:
    client.force_login(alice.user)

    answer = client.post(
        "/w/acme/imports/new/",
        {"kind": "prompts", "collection": "faq", "format": "auto", "file": upload(text="a,b")},
    )

    assert answer.status_code == 200
    assert "none of our formats" in answer.text
    assert not Import.objects.exists()


def test_a_prompt_is_shown_with_its_text_made_harmless(client: Client, erin: Member) -> None:
    client.force_login(erin.user)
    form = {"kind": "prompts", "collection": "faq", "format": "auto", "file": upload()}
    client.post("/w/acme/imports/new/", form)
    execute(Import.objects.get().job.uid)
    client.post(f"/w/acme/imports/{Import.objects.get().uid}/confirm/")
    execute(Import.objects.get().job.uid)
    uid = Import.objects.get().collection.prompts.get().uid

    page = client.get(f"/w/acme/prompts/{uid}/").text

    assert "<script>x" not in page


@pytest.mark.parametrize("path", ["imports/", "imports/new/", "collections/"])
def test_annotators_and_strangers_stay_outside(
    client: Client, bob: Member, charlie: Member, path: str
) -> None:
    client.force_login(bob.user)
    assert client.get(f"/w/acme/{path}").status_code == 403
    client.force_login(charlie.user)
    assert client.get(f"/w/acme/{path}").status_code == 404


def test_an_import_of_another_workspace_is_as_absent(
    client: Client, acme: Workspace, charlie: Member
) -> None:
    source = ImportFactory.create(collection__workspace=acme)
    RejectedRowFactory.create(source=source)
    client.force_login(charlie.user)

    for tail in ("", "rejected.csv"):
        assert client.get(f"/w/elsewhere/imports/{source.uid}/{tail}").status_code == 404
    assert client.get(f"/api/v1/imports/{source.uid}").status_code == 404


def test_the_api_takes_a_file_and_tells_how_far_it_is(alice: Member) -> None:
    api = APIClient(
        headers={"Authorization": f"Bearer {create_token(member=alice, name='t').text}"}
    )

    answer = api.post(
        "/api/v1/imports",
        {"collection": "faq", "kind": "prompts", "file": upload()},
        format="multipart",
    )

    assert answer.status_code == 202, answer.content
    uid = answer.json()["uid"]
    assert answer.json()["state"] == "queued"
    execute(answer.json()["job"])
    state = api.get(f"/api/v1/imports/{uid}").json()
    assert (state["state"], state["summary"]["new"]) == ("succeeded", 1)
    assert [each["uid"] for each in api.get("/api/v1/imports").json()["results"]] == [uid]


def test_the_api_refuses_a_file_it_cannot_read_with_a_code(alice: Member) -> None:
    api = APIClient(
        headers={"Authorization": f"Bearer {create_token(member=alice, name='t').text}"}
    )

    answer = api.post(
        "/api/v1/imports",
        {"collection": "faq", "kind": "prompts", "file": upload(text="a,b")},
        format="multipart",
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_file")


def test_every_rejected_row_can_be_fetched_through_the_api(alice: Member, charlie: Member) -> None:
    source = ImportFactory.create(collection__workspace=alice.workspace)
    for line in range(1, 26):
        RejectedRowFactory.create(source=source, line=line, field="", reason=f"Broken {line}.")
    api = APIClient(
        headers={"authorization": f"Bearer {create_token(member=alice, name='t').text}"}
    )

    told = api.get(f"/api/v1/imports/{source.uid}").json()
    assert len(told["summary"]["rejected_rows"]) == 20
    rows = api.get(told["rejected_csv"]).getvalue().decode().splitlines()
    assert len(rows) == 1 + 25
    assert rows[-1].startswith("25,,Broken 25.")

    other = APIClient(
        headers={"authorization": f"Bearer {create_token(member=charlie, name='t').text}"}
    )
    assert other.get(told["rejected_csv"]).status_code == 404
