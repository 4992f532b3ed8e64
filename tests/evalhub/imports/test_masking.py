"""Personal data at import: shown first, then masked in everything that anybody can read."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.formats.rows import CompletionRow, JudgmentRow, Message, PromptRow, Rejected, ToolCall
from evalhub.imports.errors import NothingToConfirm
from evalhub.imports.masking import Masking
from evalhub.imports.models import Import
from evalhub.imports.services import confirm_import, start_import
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Completion, Prompt

MAIL = "zoe@x.org"
ROW = {
    "id": "p1",
    "messages": [{"role": "user", "content": f"I am {MAIL} at 192.0.2.17, who are you?"}],
    "reference": f"see {MAIL}",
    "documents": [{"title": MAIL, "pages": [MAIL]}],
    "completions": [{"id": "c1", "model": "m", "content": f"Hello {MAIL}"}],
}


def start(member: Member, *rows: Any, masks: tuple[Any, ...] = ("email",)) -> Import:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return start_import(
        workspace=member.workspace,
        collection="faq",
        kind="prompts",  # type: ignore[arg-type]  # a choice is its text
        filename="p.jsonl",
        stream=io.BytesIO(text.encode()),
        masks=masks,
        by=member,
    )


def run(source: Import) -> Import:
    execute(source.job.uid)
    source.refresh_from_db()
    return source


def test_a_preview_stores_no_prompt_and_none_of_the_data(alice: Member) -> None:
    source = run(start(alice, ROW))
    assert not Prompt.objects.exists()
    assert source.awaits_a_yes
    assert source.counts["masked"] == {"email": 5}
    assert source.counts["places"][0] == {
        "line": 1,
        "kind": "email",
        "text": "I am [EMAIL] at 192.0.2.17, who are you?",
    }
    assert MAIL not in json.dumps(source.counts)


def test_after_the_yes_every_text_is_masked(alice: Member) -> None:
    source = run(start(alice, ROW, masks=("email", "ip")))
    source = run(confirm_import(source=source, by=alice))
    prompt = Prompt.objects.get()
    assert prompt.messages[0]["content"] == "I am [EMAIL] at [IP], who are you?"
    assert prompt.reference == "see [EMAIL]"
    assert prompt.documents == [{"title": "[EMAIL]", "pages": ["[EMAIL]"]}]
    assert Completion.objects.get().content == "Hello [EMAIL]"
    assert source.counts["new"] == 1
    assert not source.awaits_a_yes
    assert Entry.objects.get(verb="import.confirmed").details == {"masks": ["email", "ip"]}


def test_reading_the_same_file_masked_again_changes_nothing(alice: Member) -> None:
    for _ in range(2):
        source = run(confirm_import(source=run(start(alice, ROW)), by=alice))
    assert (source.counts["new"], source.counts["unchanged"]) == (0, 1)


def test_a_rejected_row_keeps_no_piece_of_its_text(alice: Member) -> None:
    source = run(confirm_import(source=run(start(alice, ROW, f'{{"id": "{MAIL}",')), by=alice))
    [rejected] = source.rejected.all()
    assert rejected.excerpt == ""
    assert MAIL not in rejected.reason


def test_a_yes_counts_once_and_only_after_the_preview(alice: Member) -> None:
    source = start(alice, ROW)
    with pytest.raises(NothingToConfirm):
        confirm_import(source=source, by=alice)
    confirm_import(source=run(source), by=alice)
    with pytest.raises(NothingToConfirm):
        confirm_import(source=source, by=alice)


def test_without_masks_a_file_is_read_at_once(alice: Member) -> None:
    source = run(start(alice, ROW, masks=()))
    assert MAIL in Prompt.objects.get().messages[0]["content"]
    with pytest.raises(NothingToConfirm):
        confirm_import(source=source, by=alice)


def test_ids_models_and_labels_stay() -> None:
    row = PromptRow(
        line=7,
        id=MAIL,
        messages=[Message("assistant", "", [ToolCall("send", {"to": [MAIL], "n": 1})])],
        slices={"from": MAIL},
        group=MAIL,
        completions=[CompletionRow(MAIL, MAIL, MAIL, {"stop": MAIL})],
    )
    masked = Masking(["email"]).row(row)
    assert masked == PromptRow(
        line=7,
        id=MAIL,
        messages=[Message("assistant", "", [ToolCall("send", {"to": ["[EMAIL]"], "n": 1})])],
        slices={"from": MAIL},
        group=MAIL,
        completions=[CompletionRow(MAIL, "[EMAIL]", MAIL, {"stop": MAIL})],
    )


def test_a_critique_is_masked_and_an_excerpt_goes() -> None:
    judged = JudgmentRow(id="j", prompt="p", responses=["c"], critique=f"by {MAIL}")
    masked = Masking(["email"]).row(judged)
    assert isinstance(masked, JudgmentRow)
    assert masked.critique == "by [EMAIL]"
    refused = Rejected(3, "id", f"{MAIL} is no id", "zoe@x.o…")
    assert Masking(["email"]).row(refused) == Rejected(3, "id", "[EMAIL] is no id")


def upload(client: Client) -> str:
    stream = io.BytesIO(json.dumps(ROW).encode())
    stream.name = "p.jsonl"
    form = {"kind": "prompts", "collection": "faq", "format": "auto", "masks": ["email"]}
    place: str = client.post("/w/acme/imports/new/", form | {"file": stream}).headers["Location"]
    return place


def test_alice_sees_what_would_be_masked_and_says_yes(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    place = upload(client)
    run(Import.objects.get())
    page = client.get(place).text
    assert "I am [EMAIL]" in page
    assert MAIL not in page
    client.post(f"{place}confirm/")
    run(Import.objects.get())
    assert Prompt.objects.get().reference == "see [EMAIL]"
    assert f"{place}confirm/" not in client.get(place).text
    assert client.post(f"{place}confirm/").status_code == 409


def test_the_file_as_it_came_is_for_owners_and_each_look_is_written_down(
    client: Client, alice: Member, olga: Member
) -> None:
    client.force_login(alice.user)
    place = upload(client)
    assert f"{place}original/" not in client.get(place).text
    assert client.post(f"{place}original/").status_code == 403
    client.force_login(olga.user)
    assert f"{place}original/" in client.get(place).text
    assert client.get(f"{place}original/").status_code == 405
    assert not Entry.objects.filter(verb="import.original_read").exists()
    answer = client.post(f"{place}original/")
    assert json.loads(answer.getvalue()) == ROW
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert Entry.objects.get(verb="import.original_read").actor == olga.pseudonym


def test_the_api_masks_after_a_yes(alice: Member) -> None:
    client = APIClient()
    token = create_token(member=alice, name="script").text
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    stream = io.BytesIO(json.dumps(ROW).encode())
    stream.name = "p.jsonl"
    form = {"kind": "prompts", "collection": "faq", "masks": ["email"], "file": stream}
    uid = client.post("/api/v1/imports", form, format="multipart").json()["uid"]
    assert client.post(f"/api/v1/imports/{uid}/confirm").json()["code"] == "nothing_to_confirm"
    run(Import.objects.get())
    summary = client.get(f"/api/v1/imports/{uid}").json()["summary"]
    assert (summary["masked"], summary["awaits_confirmation"]) == ({"email": 5}, True)
    assert client.post(f"/api/v1/imports/{uid}/confirm").status_code == 202
    run(Import.objects.get())
    assert Prompt.objects.get().reference == "see [EMAIL]"


def test_words_and_patterns_of_ones_own_are_previewed_and_masked(
    client: Client, alice: Member
) -> None:
    row = ROW | {"messages": [{"role": "user", "content": "I am Zoe Roe, customer KD-123456."}]}
    client.force_login(alice.user)
    file = io.BytesIO(json.dumps(row).encode())
    file.name = "p.jsonl"
    asked = {"kind": "prompts", "collection": "faq", "format": "auto", "file": file}
    refused = client.post("/w/acme/imports/new/", asked | {"mask_words": "*"})
    assert "fits nearly everything" in refused.content.decode()
    file.seek(0)
    client.post("/w/acme/imports/new/", asked | {"mask_words": "zoe roe\nKD-######"})
    source = run(Import.objects.get())
    assert source.counts["masked"] == {"masked": 2}
    page = client.get(f"/w/acme/imports/{source.uid}/").content.decode()
    assert "I am [MASKED], customer [MASKED]." in page
    assert "Words and patterns of your own" in page
    assert "Zoe Roe" not in page
    assert not Prompt.objects.exists()
    confirm_import(source=source, by=alice)
    source.refresh_from_db()
    run(source)
    assert Prompt.objects.get().messages[0]["content"] == "I am [MASKED], customer [MASKED]."
    details = Entry.objects.get(verb="import.started").details
    assert details["mask_words"] == 2  # how many; a list of names is personal data itself


def test_the_api_takes_words_of_ones_own_and_names_a_wrong_one(alice: Member) -> None:
    api = APIClient()
    api.credentials(
        HTTP_AUTHORIZATION=f"Bearer {create_token(member=alice, name='t', by=alice).text}"
    )

    def posted(words: list[str]) -> Any:
        file = io.BytesIO(json.dumps(ROW).encode())
        file.name = "p.jsonl"
        body = {"collection": "faq", "kind": "prompts", "file": file, "mask_words": words}
        return api.post("/api/v1/imports", body, format="multipart")

    wrong = posted(["a*b*c"])
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unfit_word")
    told = posted(["are you", "KD-####"])
    assert told.status_code == 202
    assert told.json()["summary"]["mask_words"] == ["are you", "KD-####"]
    source = run(Import.objects.get())
    assert source.counts["masked"] == {"masked": 1}
