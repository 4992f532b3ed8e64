"""Tags that all share, notes that are each member's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.runs.errors import BadTags
from evalhub.runs.models import Run, RunNote
from evalhub.runs.remarks import keep_note, tag_run, tags_of, tidy
from tests import factories
from tests.evalhub.runs.test_telling import HOSTILE


@pytest.fixture
def run(erin: Member) -> Run:
    return factories.RunFactory.create(workspace=erin.workspace)


def post(client: Client, member: Member, run: Run, **body: Any) -> Any:
    client.force_login(member.user)
    url = f"/api/v1/runs/{run.uid}/remarks"
    return client.post(url, json.dumps(body), content_type="application/json")


def test_tags_are_tidied_and_the_change_is_recorded(erin: Member, run: Run) -> None:
    assert tag_run(run=run, tags=[" tone ", "keep", "tone", ""], by=erin).tags == ["keep", "tone"]
    tag_run(run=run, tags=["keep", "tone"], by=erin)  # no change, no line
    entry = Entry.objects.get(verb="run.tagged")
    assert (entry.actor, entry.details) == (erin.pseudonym, {"before": [], "after": ["keep", "tone"]})  # fmt: skip


@pytest.mark.parametrize("tags", [["x" * 51], ["a,b"], [str(n) for n in range(21)]])
def test_odd_tags_are_refused(tags: list[str]) -> None:
    with pytest.raises(BadTags):
        tidy(tags)


def test_each_has_one_note_and_the_log_holds_no_word_of_it(
    erin: Member, olga: Member, run: Run
) -> None:
    keep_note(run=run, text="first", by=erin)
    keep_note(run=run, text=" second ", by=erin)
    keep_note(run=run, text="mine", by=olga)
    assert [(note.member, note.text) for note in run.notes.all()] == [
        (erin, "second"),
        (olga, "mine"),
    ]
    assert keep_note(run=run, text=" ", by=erin) is None
    assert [note.member for note in run.notes.all()] == [olga]
    verbs = Entry.objects.filter(target=f"run {run.uid}").order_by("pk")
    assert [each.verb for each in verbs] == ["run.noted"] * 3 + ["run.note_removed"]
    assert all(each.details == {} for each in verbs)


def test_tags_filter_the_list_on_the_page_and_by_the_api(
    client: Client, erin: Member, run: Run
) -> None:
    other = factories.RunFactory.create(workspace=erin.workspace, job__title="The other one")
    tag_run(run=run, tags=["keep", "a&b"], by=erin)
    tag_run(run=other, tags=["keep"], by=erin)
    tag_run(run=factories.RunFactory.create(), tags=["theirs"], by=erin)
    assert tags_of(erin.workspace) == ["a&b", "keep"]
    client.force_login(erin.user)
    page = client.get(reverse("runs:list", args=["acme"]), {"tag": "a&b"}).content.decode()
    assert str(run.uid) in page
    assert "The other one" not in page
    assert "?tag=a%26b" in page
    found = client.get("/api/v1/runs", {"tag": ["keep", "a&b"]}).json()["results"]
    assert [each["uid"] for each in found] == [str(run.uid)]
    assert len(client.get("/api/v1/runs", {"tag": "keep"}).json()["results"]) == 2
    assert "No run has the tag" in client.get(reverse("runs:list", args=["acme"]), {"tag": "x"}).content.decode()  # fmt: skip


def test_what_is_not_named_stays(client: Client, erin: Member, run: Run) -> None:
    told = post(client, erin, run, tags=["keep"], note="Good.").json()
    assert (told["tags"], told["notes"]) == (["keep"], [{"by": erin.pseudonym, "text": "Good."}])
    assert post(client, erin, run, note="Better.").json()["tags"] == ["keep"]
    assert post(client, erin, run, tags=[]).json()["notes"][0]["text"] == "Better."
    assert post(client, erin, run, tags=["a,b"]).json()["code"] == "bad_tags"


def test_the_form_holds_what_stands_and_the_page_escapes_it(
    client: Client, erin: Member, run: Run
) -> None:
    client.force_login(erin.user)
    url = reverse("runs:remarks", args=["acme", run.uid])
    assert client.post(url, {"tags": "keep, <b>", "note": HOSTILE}).status_code == 302
    form = client.get(url).context["form"]
    assert form.initial == {"tags": "<b>, keep", "note": HOSTILE}
    page = client.get(reverse("runs:detail", args=["acme", run.uid])).content.decode()
    assert HOSTILE not in page
    assert "&lt;b&gt;" in page
    refused = client.post(url, {"tags": "x" * 51, "note": "lost?"})
    assert refused.status_code == 422
    assert "50 characters at most" in refused.content.decode()
    assert RunNote.objects.get().text == HOSTILE


def test_leads_read_and_do_not_write(client: Client, alice: Member, charlie: Member, run: Run) -> None:  # fmt: skip
    assert post(client, alice, run, tags=["x"]).status_code == 403
    assert post(client, charlie, run, tags=["x"]).status_code == 404
    run.refresh_from_db()
    assert run.tags == []
