"""All reports of a campaign at once: one job, which reads the answers once."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.choices import JobState
from evalhub.jobs.jobs import execute
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import preferences_of, ratings_of, unprompted_in
from evalhub.quality.questions import questions_of
from evalhub.reports.choices import ReportKind
from evalhub.reports.making import REPORTS, Read
from evalhub.reports.services import start_report, start_reports
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.reports.test_pages_api_and_command import api_of
from tests.evalhub.reports.test_report import say
from tests.evalhub.reports.test_report_pages import signed_in

pytestmark = pytest.mark.django_db
KINDS = ["agreement", "reliability", "leaderboard", "consistency", "bias"]


@pytest.fixture
def lead(campaign: Campaign) -> Member:
    return cast_member("lead", campaign.workspace, "lead")


@pytest.fixture
def judged(campaign: Campaign, task: Task) -> Campaign:
    for name, margin in (("auk", 2), ("bee", -1), ("cod", 2)):
        member = make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name)
        say(task, member, margin, 3)
    return campaign


def test_one_job_makes_all_and_each_as_if_it_were_alone(judged: Campaign, lead: Member) -> None:
    page = f"/w/{judged.workspace.slug}/campaigns/{judged.uid}/agreement/"
    client = signed_in(lead)
    assert b"Compute all reports" in client.get(page).content
    assert client.post(page, {"all": "yes"}).headers["Location"] == page
    assert [each.kind for each in judged.reports.order_by("pk")] == KINDS
    job = Job.objects.get()
    execute(job.uid)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    for report in judged.reports.all():
        alone = json.loads(json.dumps(REPORTS[report.kind](Read(judged))))
        assert report.body == alone, report.kind
        assert report.made_at is not None


def test_what_is_under_way_is_not_made_twice(judged: Campaign, lead: Member) -> None:
    alone = start_report(campaign=judged, kind=ReportKind.BIAS, by=lead)
    rest = start_reports(campaign=judged, by=lead)
    assert [each.kind for each in rest] == KINDS
    assert alone in rest
    assert {each.job_id for each in rest if each != alone} == {rest[0].job_id} != {alone.job_id}
    assert start_report(campaign=judged, kind=ReportKind.AGREEMENT, by=lead) == rest[0]
    assert start_reports(campaign=judged, by=lead) == rest
    assert Job.objects.count() == 2


def test_one_that_is_made_is_asked_for_anew_while_the_others_are_under_way(
    judged: Campaign, lead: Member
) -> None:
    first = start_reports(campaign=judged, by=lead)[0]
    first.made_at = first.created_at
    first.save()
    assert start_report(campaign=judged, kind=ReportKind.AGREEMENT, by=lead) != first


def test_another_attempt_makes_the_rest(
    judged: Campaign, lead: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = start_reports(campaign=judged, by=lead)

    def breaks(*_: object, **__: object) -> dict[str, Any]:
        raise MemoryError

    whole = REPORTS[ReportKind.LEADERBOARD]
    monkeypatch.setitem(REPORTS, ReportKind.LEADERBOARD, breaks)
    execute(reports[0].job.uid)
    made = {each.kind: each.made_at for each in judged.reports.exclude(made_at=None)}
    assert list(made) == ["reliability", "agreement"]
    monkeypatch.setitem(REPORTS, ReportKind.LEADERBOARD, whole)
    Job.objects.update(state=JobState.QUEUED, ended_at=None, error="")
    execute(reports[0].job.uid)
    assert not judged.reports.filter(made_at=None).exists()
    assert judged.reports.get(kind="agreement").made_at == made["agreement"]


def test_of_ratings_there_is_no_leaderboard_and_of_two_wordings_a_report(
    judged: Campaign, lead: Member
) -> None:
    judged.type = TaskType.RATING
    judged.second_version = judged.rubric_version
    judged.save()
    kinds = [each.kind for each in start_reports(campaign=judged, by=lead)]
    assert kinds == ["agreement", "reliability", "wordings", "consistency", "bias"]


def test_the_api_and_the_command(judged: Campaign, lead: Member) -> None:
    answer = api_of(lead).post(f"/api/v1/campaigns/{judged.uid}/reports")
    assert answer.status_code == 202
    assert [each["kind"] for each in answer.json()] == KINDS
    assert len({each["job"] for each in answer.json()}) == 1
    told = io.StringIO()
    call_command("report", "all", campaign=str(judged.uid), json=True, stdout=told)
    made = json.loads(told.getvalue())
    assert list(made) == KINDS
    assert made["bias"] == json.loads(json.dumps(REPORTS["bias"](Read(judged))))
    told = io.StringIO()
    call_command("report", "all", campaign=str(judged.uid), stdout=told)
    assert "llama" in told.getvalue()
    with pytest.raises(CommandError, match="ask for each as CSV"):
        call_command("report", "all", campaign=str(judged.uid), csv=True)
    with pytest.raises(CommandError, match="not split by slice"):
        call_command("report", "all", campaign=str(judged.uid), by="slice")


def looked_up() -> int:
    """How often this transaction has gone to the preferences."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables "
            "WHERE relname = 'judgments_preference'"
        )
        return int(cursor.fetchone()[0])


def test_answers_are_read_once(judged: Campaign) -> None:
    read = Read(judged)
    REPORTS[KINDS[0]](read)
    once = looked_up()
    for kind in KINDS[1:]:
        REPORTS[kind](read)
    assert looked_up() == once > 0
    REPORTS[KINDS[0]](Read(judged))
    assert looked_up() > once


def test_what_was_confirmed_from_a_proposal_is_left_out_as_if_it_were_not_read(
    judged: Campaign, task: Task
) -> None:
    Judgment.objects.filter(member__pseudonym="bee").update(saw_proposal=True)
    read = Read(judged)
    assert len(ratings_of(judged).value) == len(read.ratings.value)
    assert len(preferences_of(judged).margin) == 3
    once = questions_of(judged, said=unprompted_in(judged))
    for kept, alone in zip(read.unprompted(), once, strict=True):
        assert kept.name == alone.name
        assert len(kept.value_R) == 2
        for column in ("unit_R", "value_R", "member_R", "judgment_R"):
            assert getattr(kept, column).tolist() == getattr(alone, column).tolist()
