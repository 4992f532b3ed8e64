from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.spreadsheets import inert
from evalhub.judgments.models import (
    Correction,
    Demonstration,
    JudgedStep,
    JudgedToolCall,
    Judgment,
    RankedCompletion,
    Span,
)
from evalhub.quality.arrays import said_in
from evalhub.reports.columns import AS_JSON, FIXED, Columns
from evalhub.reports.writing import Csv
from tests import factories as make
from tests.evalhub.reports.conftest import judged, many

pytestmark = pytest.mark.django_db
Export = Callable[..., bytes]


def objects(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def cells(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


def say_everything(judgment: Judgment) -> None:
    """All that a comparison can hold, about the completion that was shown second."""
    completion = judgment.task.completions.get(placed__place=0)
    clarity, words = judgment.campaign.rubric_version.criteria.order_by("position")
    rate = {"judgment": judgment, "completion": completion}
    make.RatingFactory.create(**rate, criterion=clarity, value=4, comment="plain")
    make.RatingFactory.create(
        **rate, criterion=words, value=None, reason="in_words", comment="=1+1"
    )
    make.RatingFactory.create(
        **rate | {"completion": judgment.task.completions.get(placed__place=1)},
        criterion=clarity,
        value=None,
        reason="not_my_field",
    )
    make.RatingFactory.create(**rate, criterion=clarity, value=2, turn=1)
    make.PreferenceFactory.create(judgment=judgment, criterion=clarity, margin=1, comment="=short")
    Correction.objects.create(**rate, content="Better.")
    Span.objects.create(**rate, start=3, end=9, error_type="fact", severity="major", note="no")
    JudgedStep.objects.create(**rate, step=0, start=0, end=4, verdict="wrong")
    JudgedToolCall.objects.create(**rate, call=0, right_tool=False)
    make.FlagFactory.create(task=judgment.task, member=judgment.member, text="Is it?")
    make.FlagFactory.create(task=judgment.task, text="of somebody else")


def test_a_line_tells_all_that_was_said_in_terms_of_what_was_shown(
    task: Task, person: Member, export: Export
) -> None:
    judgment = judged(task, person, "Because.", active_ms=1500, wall_ms=2500)
    say_everything(judgment)

    [line] = objects(export("jsonl"))

    first, second = line["responses"]
    assert (first["response"], first["model"]) == ("A", "gemma")
    assert (second["response"], second["model"]) == ("B", "llama")
    assert second["completion"] == str(task.completions.get(placed__place=0).uid)
    assert second["ratings"] == {
        "clarity": {"value": 4, "cannot_tell": None, "comment": "plain"},
        "what-else": {"value": "=1+1", "cannot_tell": None, "comment": ""},
    }
    assert first["ratings"]["clarity"]["cannot_tell"] == "not_my_field"
    assert second["correction"] == "Better."
    assert line["preferences"] == [
        {
            "criterion": None,
            "choice": "A",
            "margin": 2,
            "comment": "",
        },  # -2 towards the task's first
        {"criterion": "clarity", "choice": "B", "margin": -1, "comment": "=short"},
    ]
    assert (
        line["turn_ratings"][0] | {"response": "B", "turn": 1, "value": 2}
        == (line["turn_ratings"][0])
    )
    assert line["spans"][0]["response"] == "B"
    assert (line["spans"][0]["start"], line["spans"][0]["end"]) == (3, 9)
    assert line["steps"] == [{"response": "B", "step": 0, "start": 0, "end": 4, "verdict": "wrong"}]
    assert line["tool_calls"][0]["right_tool"] is False
    assert line["flags"] == [{"kind": "question", "text": "Is it?"}]
    assert (line["prompt_id"], line["collection"]) == ("=why", "faq")
    assert (line["rubric"], line["rubric_version"], line["guidelines"]) == ("answers", 1, None)
    assert (line["annotator"], line["source"], line["state"]) == ("heron", "human", "counted")
    assert (line["kind"], line["type"], line["is_pilot"]) == ("normal", "comparison", False)
    assert (line["active_ms"], line["wall_ms"], line["critique"]) == (1500, 2500, "Because.")
    assert line["judged_at"] == judgment.judged_at.isoformat().replace("+00:00", "Z")


def test_the_columns_say_the_same_flat(task: Task, person: Member, export: Export) -> None:
    say_everything(judged(task, person, "Because.", active_ms=1500))

    [line], [row] = objects(export("jsonl")), cells(export("csv"))

    assert row["judgment"] == line["judgment"]
    assert (row["response_a"], row["model_a"]) == (line["responses"][0]["completion"], "gemma")
    assert (row["rating_b_clarity"], row["comment_b_clarity"]) == ("4", "plain")
    assert row["cannot_tell_a_clarity"] == "not_my_field"
    assert row["rating_a_clarity"] == row["rating_a_what-else"] == ""  # missing is not zero
    assert row["correction_b"] == "Better."
    assert (row["preference"], row["margin"]) == ("A", "2")
    assert (row["preference_clarity"], row["margin_clarity"]) == ("B", "-1")
    assert row["comment_on_preference_clarity"] == "'=short"
    assert json.loads(row["spans"]) == line["spans"]
    assert json.loads(row["flags"]) == line["flags"]
    assert (row["is_pilot"], row["judged_at"]) == ("false", line["judged_at"])


def test_no_cell_is_a_formula(task: Task, person: Member, export: Export) -> None:
    say_everything(judged(task, person, "@SUM(1)"))

    [row] = cells(export("csv"))

    assert row["prompt_id"] == "'=why"
    assert row["critique"] == "'@SUM(1)"
    assert row["rating_b_what-else"] == "'=1+1"


def test_parquet_has_the_columns_typed(
    task: Task, person: Member, export: Export, tmp_path: Path
) -> None:
    judgment = judged(task, person, "=no formula here")
    say_everything(judgment)
    many(task, 3)
    [head, *_] = cells(export("csv", name="flat"))

    export("parquet")

    table = parquet.read_table(tmp_path / "out")
    assert table.column_names == list(head)
    first, last = table.to_pylist()[0], table.to_pylist()[-1]
    assert first["judged_at"] == judgment.judged_at
    assert (first["rating_b_clarity"], first["margin"], first["is_fix"]) == (4, 2, False)
    assert first["critique"] == "=no formula here"
    assert last["rating_b_clarity"] is None
    assert parquet.ParquetFile(tmp_path / "out").num_row_groups == 2
    assert [each.name for each in tmp_path.iterdir() if "out" in each.name] == ["out"]


def test_only_what_counts_is_exported_and_the_rest_is_told(
    task: Task, person: Member, export: Export, tmp_path: Path, settings: Any
) -> None:
    settings.EVALHUB_UNDO_SECONDS = 30
    hour_ago = timezone.now() - timedelta(hours=1)
    first = judged(task, person, created_at=hour_ago)
    second = make.JudgmentFactory.create(
        task=task, member=person, assignment=first.assignment, supersedes=first
    )
    withdrawn, extra, young = many(task, 3)
    Judgment.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
    Judgment.objects.filter(pk=extra.pk).update(is_extra=True)
    make.ReturnedJudgmentFactory.create(judgment=second)

    [line] = objects(export())
    lines = {each["judgment"]: each for each in objects(export(everything=True))}

    assert (line["judgment"], line["supersedes"]) == (str(second.uid), str(first.uid))
    assert line["is_returned"] is True
    assert {uid: each["state"] for uid, each in lines.items()} == {
        str(first.uid): "superseded",
        str(second.uid): "counted",
        str(withdrawn.uid): "withdrawn",
        str(extra.uid): "extra",
        str(young.uid): "unsettled",
    }


def test_the_state_is_that_of_counted(task: Task, person: Member, export: Export) -> None:
    """The export's own CASE and the querysets that builds use draw the same line."""
    first = judged(task, person)
    make.JudgmentFactory.create(task=task, member=person, supersedes=first, is_fix=True)
    rows = many(task, 4)
    Judgment.objects.filter(pk=rows[0].pk).update(withdrawn_at=timezone.now())
    Judgment.objects.filter(pk=rows[1].pk).update(is_extra=True)

    exported = {line["judgment"] for line in objects(export())}

    assert exported == {
        str(uid) for uid in Judgment.objects.counted().values_list("uid", flat=True)
    }


def test_what_neither_builds_nor_reports_are_made_of_is_not_said_to_count(
    campaign: Campaign, task: Task, person: Member, export: Export
) -> None:
    kept, left, gone = many(task, 3)
    make.ExclusionFactory.create(campaign=campaign, member=left.member)
    make.WithdrawalFactory.create(workspace=campaign.workspace, judgment=gone, withdrawn_by=person)

    states = {line["judgment"]: line["state"] for line in objects(export(everything=True))}

    assert [line["judgment"] for line in objects(export())] == [str(kept.uid)]
    assert states == {
        str(kept.uid): "counted",
        str(left.uid): "excluded",
        str(gone.uid): "out_of_data",
    }
    assert set(said_in(campaign)) == {kept}


def test_a_ranking_has_a_tier_for_each_response(campaign: Campaign, export: Export) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(type="ranking")
    campaign.refresh_from_db()
    task = make.TaskFactory.create(campaign=campaign)
    judgment = make.JudgmentFactory.create(task=task)
    for completion, tier in zip(task.completions.order_by("placed__place"), (1, 0, 1), strict=True):
        RankedCompletion.objects.create(judgment=judgment, completion=completion, tier=tier)

    [line], [row] = objects(export("jsonl")), cells(export("csv"))

    assert [each["tier"] for each in line["responses"]] == [1, 0, 1]
    assert [row["tier_a"], row["tier_b"], row["tier_c"]] == ["1", "0", "1"]
    assert "preference" not in row


@pytest.mark.parametrize("type", ["label", "rating"])
def test_one_response_or_none_needs_no_letter(
    campaign: Campaign, export: Export, type: str
) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(type=type)
    campaign.refresh_from_db()
    judgment = make.JudgmentFactory.create(task=make.TaskFactory.create(campaign=campaign))
    make.RatingFactory.create(
        judgment=judgment, criterion=campaign.rubric_version.criteria.get(slug="clarity"), value=3
    )

    [line], [row] = objects(export("jsonl")), cells(export("csv"))

    rated = line if type == "label" else line["responses"][0]
    assert rated["ratings"]["clarity"]["value"] == 3
    assert row["rating_clarity"] == "3"
    assert ("response_a" in row) == (type == "rating")


def test_a_demonstration_is_there(campaign: Campaign, export: Export) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(type="demonstration")
    campaign.refresh_from_db()
    judgment = make.JudgmentFactory.create(task=make.TaskFactory.create(campaign=campaign))
    Demonstration.objects.create(judgment=judgment, content="+49 is Germany")

    assert objects(export("jsonl"))[0]["demonstration"] == "+49 is Germany"
    assert cells(export("csv"))[0]["demonstration"] == "'+49 is Germany"


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_a_campaign_without_judgments_is_an_empty_file(
    task: Task, export: Export, format: str, tmp_path: Path
) -> None:
    text = export(format)

    if format == "parquet":
        assert parquet.read_table(tmp_path / "out").num_rows == 0
    else:
        assert len(text.splitlines()) == (1 if format == "csv" else 0)
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_no_byte_tells_a_user_name_or_an_address(
    task: Task, person: Member, export: Export, format: str, tmp_path: Path
) -> None:
    """Where the pseudonym is the user name or an address, the member's uid stands for it."""
    plain = make.MemberFactory.create(
        workspace=task.campaign.workspace, user__username="Wanda.Wren", pseudonym="wanda.wren"
    )
    mailed = make.MemberFactory.create(
        workspace=task.campaign.workspace, user=None, pseudonym="zoe@example.org (imported)"
    )
    for who in (person, plain, mailed):
        judged(make.TaskFactory.create(campaign=task.campaign), who)

    text = export(format)

    if format == "parquet":  # compressed: what it holds is looked at
        text = json.dumps(parquet.read_table(tmp_path / "out").to_pylist(), default=str).encode()
    assert b"heron" in text
    for member in (plain, mailed):
        assert f"member-{str(member.uid)[-12:]}".encode() in text
    for name in (b"robert", b"wanda", b"zoe@", b"example.org"):
        assert name not in text.lower()


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))  # PostgreSQL's
HARD = st.one_of(
    TEXTS, st.sampled_from(['"', "\r", "\r\n", "a\n=b", "'=x", "\u202eabc", "👩‍👩‍👧", ";,\t"])
)


@given(critique=HARD, comment=HARD, note=HARD)
def test_texts_come_back_from_the_csv_as_they_were(critique: str, comment: str, note: str) -> None:
    record = _record(critique, comment, note)

    text = (form := Csv(Columns([], 1))).head() + form.page([record])

    [row] = cells(text)
    assert row["critique"] == inert(critique)
    assert row["correction_a"] == inert(comment)
    assert json.loads(row["spans"]) == [{"note": note}]
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def _record(critique: str, correction: str, note: str) -> dict[str, Any]:
    response = {"completion": "c", "model": "m", "correction": correction, "ratings": {}}
    record: dict[str, Any] = {name: "x" if type == "text" else None for name, type in FIXED}
    record |= {name: [] for name in AS_JSON} | {"judged_at": timezone.now()}
    return record | {"critique": critique, "responses": [response], "spans": [{"note": note}]}
