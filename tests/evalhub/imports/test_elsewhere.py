"""Files of other tools, from the look at them to the rows of a build."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.imports.errors import NothingToConfirm, UnfitMapping, UnreadableFile
from evalhub.imports.models import Import, RejectedRow
from evalhub.imports.queries import mapping_for, summary_of
from evalhub.imports.services import confirm_import, map_import
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Correction, Demonstration, Judgment, Rating, Span
from evalhub.prompts.models import Prompt
from evalhub.rubrics.models import RubricVersion
from tests import factories as make
from tests.evalhub.imports.test_reading import bring, counts, jsonl, prompt

pytestmark = pytest.mark.django_db

CHAT = {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}
DOCCANO = [
    {"id": 1, "text": "Ann saw Oslo.", "label": ["good"]},
    {"id": 2, "text": "Bo left.", "label": ["Bad"]},
    {"id": 3, "text": "Cy saw Rome.", "label": [[0, 2, "PER"]]},
]
TABLE = "question,answer_a,answer_b,winner,who\nWhy?,So.,Dunno.,a,ann\nHow?,Thus.,Hm.,tie,bo\n"
COLUMNS = {
    "question": {"as": "prompt"},
    "answer_a": {"as": "completion"},
    "answer_b": {"as": "completion"},
    "winner": {"as": "choice"},
    "who": {"as": "annotator"},
}


def test_a_demonstration_of_a_file_becomes_a_row_of_an_sft_build(acme: Workspace) -> None:
    source = bring(acme, jsonl(CHAT), "judgments")

    assert counts(source) == (1, 1, 0, 0)
    judgment = Judgment.objects.get()
    assert judgment.demonstration.content == "So."
    assert (judgment.source, judgment.campaign.type) == ("imported", "demonstration")
    assert Prompt.objects.get().completions.get().content == "So."
    assert counts(bring(acme, jsonl(CHAT), "judgments")) == (1, 0, 1, 0)
    dataset = ensure_dataset(workspace=acme, name="sft", kind=BuildKind.SFT, definition={})
    build = start_build(dataset=dataset, by=None)
    execute(build.job.uid)
    build.refresh_from_db()
    assert sum(build.rows.values()) == 1


def test_a_like_for_kto_becomes_a_row_too(acme: Workspace) -> None:
    bring(acme, jsonl(CHAT | {"label": True}), "judgments")
    rating = Rating.objects.get()
    assert (rating.criterion.slug, rating.criterion.kind, rating.value) == ("good", "yes_no", 1)
    dataset = ensure_dataset(workspace=acme, name="sft", kind=BuildKind.SFT, definition={})
    build = start_build(dataset=dataset, by=None)
    execute(build.job.uid)
    build.refresh_from_db()
    assert sum(build.rows.values()) == 1


def test_questions_of_a_file_become_a_rubric_once(acme: Workspace, alice: Member) -> None:
    source = bring(acme, jsonl(*DOCCANO), "judgments", by=alice)

    assert counts(source) == (3, 3, 0, 0)
    assert summary_of(source)["rubrics"] == ["doccano"]
    version = RubricVersion.objects.get(rubric__slug="doccano")
    label = version.criteria.get()
    assert (label.kind, label.answers) == ("choice", [("", "Bad"), ("", "good")])
    assert [each["slug"] for each in version.error_types] == ["per"]
    ratings = Rating.objects.order_by("judgment__external_id")
    assert [each.criterion.words_for(each.value or 0) for each in ratings] == ["good", "Bad"]
    assert {each.completion for each in ratings} == {None}
    span = Span.objects.get()
    assert (span.completion, span.start, span.end) == (None, 0, 2)
    assert [each.type for each in Campaign.objects.all()] == ["label"]
    again = bring(acme, jsonl(*DOCCANO), "judgments", by=alice)
    assert (counts(again), summary_of(again)["rubrics"]) == ((3, 0, 3, 0), [])
    other = {"id": 4, "text": "Di.", "label": ["new"]}
    assert counts(bring(acme, jsonl(other), "judgments")) == (1, 0, 0, 1)
    assert "knows no 'new'" in RejectedRow.objects.get().reason


def test_another_rubric_may_take_the_place_of_the_files_own(acme: Workspace) -> None:
    make.CriterionFactory.create(
        version=make.RubricVersionFactory.create(rubric__workspace=acme, rubric__slug="mine"),
        slug="label",
        kind="choice",
        low=1,
        high=2,
        anchors={"1": "good", "2": "bad"},
    )
    source = bring(acme, jsonl(*DOCCANO[:2]), "judgments", rubric="mine")
    assert counts(source) == (2, 2, 0, 0)
    assert {each.campaign.rubric_version.rubric.slug for each in Judgment.objects.all()} == {"mine"}


def test_a_preview_says_which_questions_the_rubric_does_not_ask(
    acme: Workspace, client: Client, erin: Member
) -> None:
    make.CriterionFactory.create(
        version=make.RubricVersionFactory.create(rubric__workspace=acme, rubric__slug="doccano"),
        slug="tone",
    )
    unasked = bring(acme, jsonl(*DOCCANO[:2]), "judgments", previews=True)
    told = summary_of(unasked)["preview"]["unasked"]
    assert told == [{"rubric": "doccano", "lacks": ["label"], "has": ["tone"]}]
    client.force_login(erin.user)
    assert "does not ask for <b>label</b>" in client.get(f"/w/acme/imports/{unasked.uid}/").text
    other = bring(acme, jsonl(*DOCCANO[:2]), "judgments", previews=True, rubric="mine")
    assert summary_of(other)["preview"]["unasked"] == []


def test_corrections_and_answers_in_words_are_stored(acme: Workspace) -> None:
    bring(acme, jsonl(prompt("p1")))
    row = {"id": "j1", "prompt": "p1", "responses": ["p1-1"]}
    row |= {"corrections": [{"response": "p1-1", "content": "Better"}]}
    written = {"id": "j2", "prompt": "p1", "responses": [], "demonstration": "Mine"}
    assert counts(bring(acme, jsonl(row, written), "judgments")) == (2, 2, 0, 0)
    assert Correction.objects.get().content == "Better"
    assert Demonstration.objects.get().content == "Mine"


def test_a_preview_shows_what_is_there_and_stores_nothing(acme: Workspace) -> None:
    bring(acme, jsonl(*DOCCANO), "judgments")
    new = {"id": 4, "text": "Di.", "label": ["good"]}
    raw = jsonl(DOCCANO[0], new, {"text": "", "label": []}).decode().encode("utf-16")

    source = bring(acme, raw, "judgments", previews=True)

    found = summary_of(source)
    assert found["awaits_confirmation"]
    assert (found["format"], found["encoding"]) == ("doccano", "UTF-16")
    wanted = {"prompts": 2, "known_prompts": 1, "judgments": 2, "known_judgments": 1, "rejected": 1}
    assert {name: found["preview"][name] for name in wanted} == wanted
    assert found["preview"]["first"][0]["prompt"] == "Ann saw Oslo."
    assert found["preview"]["rejected_rows"][0]["field"] == "text"
    assert Prompt.objects.count() == 3
    confirm_import(source=source, by=None)
    source.refresh_from_db()
    execute(source.job.uid)
    source.refresh_from_db()
    assert counts(source) == (3, 1, 1, 1)


def test_a_table_waits_for_what_its_columns_are(acme: Workspace, alice: Member) -> None:
    source = bring(acme, TABLE.encode(), "judgments", previews=True, by=alice)

    assert source.awaits_a_mapping
    assert summary_of(source)["table"]["columns"] == [
        "question",
        "answer_a",
        "answer_b",
        "winner",
        "who",
    ]
    assert mapping_for(source)["columns"]["winner"] == {"as": "choice"}
    with pytest.raises(NothingToConfirm, match="columns"):
        confirm_import(source=source, by=alice)
    with pytest.raises(UnfitMapping, match="no column"):
        map_import(source=source, mapping={"columns": {"x": {"as": "prompt"}}}, by=alice)
    map_import(source=source, mapping={"columns": COLUMNS}, by=alice)
    source.refresh_from_db()
    execute(source.job.uid)
    source.refresh_from_db()
    assert summary_of(source)["preview"]["judgments"] == 2
    confirm_import(source=source, by=alice)
    source.refresh_from_db()
    execute(source.job.uid)
    assert Judgment.objects.count() == 2
    assert set(Judgment.objects.values_list("member__pseudonym", flat=True)) == {
        "ann (imported)",
        "bo (imported)",
    }
    verbs = Entry.objects.filter(target=f"import {source.uid}").order_by("pk")
    assert [each.verb for each in verbs] == ["import.started", "import.mapped", "import.confirmed"]
    with pytest.raises(NothingToConfirm):
        map_import(source=source, mapping={"columns": COLUMNS}, by=alice)


def test_the_next_table_with_these_columns_starts_from_the_last_mapping(acme: Workspace) -> None:
    mapping = {"columns": COLUMNS | {"who": {"as": "slice"}}}
    first = bring(acme, TABLE.encode(), "judgments", previews=True)
    map_import(source=first, mapping=mapping, by=None)
    next_one = bring(acme, TABLE.encode(), "judgments", previews=True)
    assert mapping_for(next_one) == mapping


def test_a_table_without_a_mapping_is_refused_where_nobody_looks(acme: Workspace) -> None:
    with pytest.raises(UnreadableFile, match="mapping"):
        bring(acme, TABLE.encode(), "judgments")
    with pytest.raises(UnfitMapping):
        bring(acme, TABLE.encode(), "judgments", mapping={"columns": {}})
    assert counts(bring(acme, TABLE.encode(), "judgments", mapping={"columns": COLUMNS})) == (
        2,
        2,
        0,
        0,
    )


def test_the_page_asks_for_the_columns_and_reads_by_them(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    upload = io.BytesIO(TABLE.encode())
    upload.name = "t.csv"
    form = {"kind": "judgments", "collection": "faq", "format": "auto", "file": upload}
    page = client.post("/w/acme/imports/new/", form).headers["Location"]
    execute(Import.objects.get().job.uid)
    assert "Say what the columns are" in client.get(page).text

    shown = client.get(f"{page}mapping/").text
    assert 'aria-label="winner is"' in shown
    answer = client.post(f"{page}mapping/", {"has_head": "on", "part-0": "completion"})
    assert "which column is the prompt" in answer.text
    parts = ["prompt", "completion", "completion", "choice", "annotator"]
    fields = {f"part-{nth}": part for nth, part in enumerate(parts)} | {"has_head": "on"}
    assert client.post(f"{page}mapping/", fields).status_code == 302
    execute(Import.objects.get().job.uid)
    assert "2</b><span>judgments" in client.get(page).text
    client.post(f"{page}confirm/")
    execute(Import.objects.get().job.uid)
    assert Judgment.objects.count() == 2
    assert client.get(f"{page}mapping/").status_code == 302


def test_a_file_or_a_dataset_is_needed_and_not_both(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    form = {"kind": "prompts", "collection": "faq", "format": "auto"}
    assert "one of the two" in client.post("/w/acme/imports/new/", form).text
    answer = client.post("/w/acme/imports/new/", form | {"dataset": "../x"})
    assert "owner/name" in answer.text
    assert not Import.objects.exists()


def test_the_api_maps_and_previews(erin: Member) -> None:
    api = APIClient(headers={"authorization": f"Bearer {create_token(member=erin, name='t').text}"})
    upload = io.BytesIO(TABLE.encode())
    upload.name = "t.csv"
    asked = {"collection": "faq", "kind": "judgments", "file": upload, "preview": True}
    made = api.post("/api/v1/imports", asked)
    assert made.status_code == 202, made.data
    execute(Import.objects.get().job.uid)
    path = f"/api/v1/imports/{made.data['uid']}"
    assert api.get(path).data["summary"]["awaits_mapping"]
    wrong = api.post(f"{path}/mapping", {"columns": {"x": {"as": "prompt"}}}, format="json")
    assert (wrong.status_code, wrong.data["code"]) == (400, "unfit_mapping")
    assert api.post(f"{path}/mapping", {"columns": COLUMNS}, format="json").status_code == 202
    execute(Import.objects.get().job.uid)
    assert api.get(path).data["summary"]["preview"]["judgments"] == 2


def command(path: Path, *more: str) -> dict[str, Any]:
    out = io.StringIO()
    asked = ["--workspace", "acme", "--collection", "faq", "--json", *more]
    call_command("import_judgments", str(path), *asked, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_the_command_takes_a_mapping_a_rubric_and_a_folder(acme: Workspace, tmp_path: Path) -> None:
    table, mapping = tmp_path / "t.csv", tmp_path / "m.json"
    table.write_text(TABLE)
    mapping.write_text(json.dumps({"columns": COLUMNS}))
    assert command(table, "--mapping", str(mapping))["new"] == 2
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dataset_info.json").write_text(json.dumps({"a": {"file_name": "a.json"}}))
    (folder / "a.json").write_text(json.dumps([{"instruction": "i", "input": "", "output": "o"}]))
    (folder / "link.json").symlink_to(mapping)
    found = command(folder)
    assert (found["format"], found["new"]) == ("llamafactory", 1)
    assert command(table, "--preview")["awaits_mapping"]


def test_a_preview_counts_a_prompt_once_however_often_it_stands(acme: Workspace) -> None:
    twice = TABLE + "Why?,So.,Other.,b,cy\n"
    source = bring(acme, twice.encode(), "judgments", previews=True, mapping={"columns": COLUMNS})
    found = summary_of(source)["preview"]
    assert (found["prompts"], found["completions"], found["judgments"]) == (2, 5, 3)


def test_hostile_columns_and_cells_are_shown_as_text(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    hostile = "<script>alert(1)</script>"
    upload = io.BytesIO(f"{hostile},prompt\n{hostile},=cmd|' /C calc'!A0\n".encode())
    upload.name = f"{hostile}.csv"
    form = {"kind": "prompts", "collection": "faq", "format": "auto", "file": upload}
    page = client.post("/w/acme/imports/new/", form).headers["Location"]
    execute(Import.objects.get().job.uid)
    fields = {"has_head": "on", "part-0": "prompt", "part-1": "completion"}
    shown = client.get(f"{page}mapping/").text
    client.post(f"{page}mapping/", fields)
    execute(Import.objects.get().job.uid)
    for text in (shown, client.get(page).text):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
