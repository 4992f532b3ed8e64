"""Reports as CSV and as a file; progress by command and API."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.reports.choices import ReportKind
from evalhub.reports.flat import HEAD, csv_text, figures_in
from evalhub.reports.services import start_report
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.reports.test_pages_api_and_command import api_of
from tests.evalhub.reports.test_report import say
from tests.evalhub.reports.test_report_pages import computed, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(campaign: Campaign) -> Member:
    return cast_member("lead", campaign.workspace, "lead")


@pytest.fixture
def judged(campaign: Campaign, task: Task) -> Campaign:
    """Three people; the slice is hostile to pages and to spreadsheets."""
    task.prompt.slices = {"=topic": "<script>alert(1)</script>"}
    task.prompt.save()
    for name, margin in (("auk", 2), ("bee", -1), ("cod", 2)):
        say(
            task, make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name), margin, 3
        )
    return campaign


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))


def called(*arguments: str) -> str:
    out = StringIO()
    call_command("report", *arguments, stdout=out)
    return out.getvalue()


def test_bias_as_page_file_and_csv(judged: Campaign, lead: Member, tmp_path: Path) -> None:
    page = f"/w/{judged.workspace.slug}/campaigns/{judged.uid}/bias/"
    client = signed_in(lead)
    assert client.get(page).status_code == 200
    assert client.get(f"{page}file/").status_code == 409
    computed(start_report(campaign=judged, kind=ReportKind.BIAS, by=lead))
    shown = client.get(page).content.decode()
    assert f"browse/judgments/?against=other&amp;answer=given&amp;campaign={judged.uid}" in shown
    assert "slice=%3Dtopic%3D%3Cscript%3E" in shown
    assert "<script>alert" not in shown

    kept = client.get(f"{page}file/")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="bias-{judged.uid}.html"'
    text = kept.content.decode()
    assert "<script" not in text
    assert "@media print" in text
    assert "&lt;script&gt;alert" in text
    assert "href=" not in text.split("<main", 1)[1]  # it stands alone
    called("bias", "--campaign", str(judged.uid), "--output", str(tmp_path / "bias.html"))
    assert "&lt;script&gt;alert" in (tmp_path / "bias.html").read_text()

    answer = client.get(f"{page}csv/")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = lines(b"".join(answer.streaming_content).decode())  # type: ignore[attr-defined]
    assert list(rows[0]) == list(HEAD)
    assert "'=topic=<script>alert(1)</script>" in {row["slice"] for row in rows}
    assert rows == lines(called("bias", "--campaign", str(judged.uid), "--csv"))
    (first,) = (row for row in rows if row["figure"] == "position.first_wins")
    assert (first["question"], first["n"], first["missing"]) == ("overall", "3", "0")


@pytest.mark.parametrize("kind", ["agreement", "leaderboard", "reliability", "consistency"])
def test_each_report_has_a_csv(judged: Campaign, kind: str) -> None:
    rows = lines(called(kind, "--campaign", str(judged.uid), "--csv"))
    assert any(row["value"] for row in rows)
    assert all(row["figure"] for row in rows)


def test_the_api_has_it_too(judged: Campaign, lead: Member) -> None:
    api = api_of(lead)
    address = f"/api/v1/campaigns/{judged.uid}/leaderboard"
    assert api.get(f"{address}?format=csv").json()["code"] == "not_computed"
    computed(start_report(campaign=judged, kind=ReportKind.LEADERBOARD, by=lead))
    answer = api.get(f"{address}?format=csv")
    rows = lines(b"".join(answer.streaming_content).decode())  # type: ignore[attr-defined]
    strengths = [row for row in rows if row["figure"] == "boards.models.strength"]
    assert {row["subject"] for row in strengths} == {"gemma", "llama"}
    assert all(float(row["low"]) <= float(row["high"]) for row in strengths)


def test_a_figure_inherits_what_it_is_about() -> None:
    """By hand: the interval is inside a question, the gap inside a row of it."""
    body: dict[str, Any] = {
        "questions": [
            {
                "question": "clarity",
                "missing": 2,
                "alpha": {"value": 0.5, "low": 0.1, "high": 0.9, "n": 8},
                "rows": [
                    {
                        "by": "slice",
                        "split": "language=de",
                        "model": None,
                        "value": 3.0,
                        "low": None,
                        "high": None,
                        "n": 4,
                        "missing": 1,
                        "difference": {"against": "rest", "value": -1.0, "corrected": 0.02},
                    }
                ],
            }
        ]
    }
    alpha, score, gap = figures_in(body)
    assert (alpha["figure"], alpha["missing"], alpha["n"]) == ("questions.alpha", 2, 8)
    assert (score["figure"], score["slice"]) == ("questions.rows.slice", "language=de")
    assert (score["missing"], score["question"]) == (1, "clarity")
    assert (gap["figure"], gap["against"]) == ("questions.rows.slice.difference", "rest")
    assert gap["p_corrected"] == 0.02
    assert len(list(csv_text(body))) == 4


def test_what_is_missing_of_a_question_is_not_missing_of_two_people() -> None:
    pair = {"first": "auk", "second": "bee", "alpha": 0.5, "kappa": 0.4, "error": 0.1, "n": 6}
    body = {"questions": [{"question": "clarity", "alpha": 0.6, "missing": 2, "pairs": [pair]}]}
    whole, *rows = figures_in(body)
    assert (whole["figure"], whole["missing"]) == ("questions.alpha", 2)
    assert {row["figure"]: row["value"] for row in rows} == {
        "questions.pairs.alpha": 0.5,
        "questions.pairs.kappa": 0.4,
        "questions.pairs.error": 0.1,
    }
    assert not any("missing" in row for row in rows)


def test_progress_by_command_and_api(judged: Campaign, lead: Member) -> None:
    judged.tasks.update(judged=1, open_places=1)
    made = json.loads(called("progress", "--campaign", str(judged.uid), "--json"))
    assert (made["tasks"], made["wanted"], made["done"]) == (1, 3, 1)
    assert (made["waiting"], made["in_hand"]) == (1, 1)
    assert made["expected"] == {"value": None, "low": None, "high": None}
    assert sum(bar["judgments"] for bar in made["pace"]["judgments"]) >= 0
    assert {each["annotator"]: each["judgments"] for each in made["people"]} == {
        "auk": 1,
        "bee": 1,
        "cod": 1,
    }
    answer = api_of(lead).get(f"/api/v1/campaigns/{judged.uid}/progress")
    assert answer.json() == made
    assert "done" in called("progress", "--campaign", str(judged.uid))
    with pytest.raises(CommandError, match="Only the report on bias"):
        called("progress", "--campaign", str(judged.uid), "--output", "x.html")


@pytest.mark.parametrize(
    ("kind", "by", "figure"),
    [
        ("agreement", "slice", "questions.rows.slice.alpha"),
        ("agreement", "version", "questions.rows.version.alpha"),
        ("agreement", "pair", "questions.pairs.percent"),
        ("leaderboard", "slice", "boards.slices.models.strength"),
        ("bias", "model", "questions.rows.model"),
    ],
)
def test_page_command_and_api_say_the_same_by_part(
    judged: Campaign, lead: Member, kind: str, by: str, figure: str
) -> None:
    computed(start_report(campaign=judged, kind=ReportKind(kind), by=lead))
    told = json.loads(called(kind, "--campaign", str(judged.uid), "--by", by, "--json"))
    api, address = api_of(lead), f"/api/v1/campaigns/{judged.uid}/{kind}"
    assert api.get(f"{address}?by={by}").json()["body"] == told
    page = signed_in(lead).get(
        f"/w/{judged.workspace.slug}/campaigns/{judged.uid}/{kind}/csv/?by={by}"
    )
    rows = lines(b"".join(page.streaming_content).decode())  # type: ignore[attr-defined]
    assert figure in {row["figure"] for row in rows}
    assert rows == lines(called(kind, "--campaign", str(judged.uid), "--by", by, "--csv"))
    assert called(kind, "--campaign", str(judged.uid), "--by", by)
    whole = {row["figure"] for row in lines(called(kind, "--campaign", str(judged.uid), "--csv"))}
    assert {row["figure"] for row in rows} <= whole


def test_a_report_is_not_split_by_whatever_one_likes(judged: Campaign, lead: Member) -> None:
    computed(start_report(campaign=judged, kind=ReportKind.LEADERBOARD, by=lead))
    address = f"/api/v1/campaigns/{judged.uid}/leaderboard"
    assert api_of(lead).get(f"{address}?by=pair").json()["code"] == "no_such_part"
    assert api_of(lead).get(f"{address}?by=pair&format=csv").status_code == 422
    with pytest.raises(CommandError, match="not split by pair"):
        called("leaderboard", "--campaign", str(judged.uid), "--by", "pair")


def test_the_interval_of_a_line_is_its_own_figure_s(judged: Campaign) -> None:
    rows = lines(called("agreement", "--campaign", str(judged.uid), "--by", "pair", "--csv"))
    assert {row["figure"].rsplit(".", 1)[1] for row in rows} >= {"kappa", "percent"}
    assert all(row["low"] == "" for row in rows if not row["figure"].endswith(".alpha"))
    assert {row["judgments"] for row in rows} == {"1"}
