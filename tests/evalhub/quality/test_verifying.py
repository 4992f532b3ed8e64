"""Stored figures against a recount, and each way in which they may differ."""

from __future__ import annotations

import contextlib
import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, MemberShare, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.shares import fix_share
from evalhub.common.differing import first_difference
from evalhub.jobs.jobs import execute
from evalhub.judgments.body import PreferenceGiven, SubmitBody
from evalhub.judgments.jobs import tally
from evalhub.judgments.models import Judgment, Tally
from evalhub.judgments.services.submit import submit_judgment
from evalhub.quality.models import (
    Consensus,
    ConsensusSnapshot,
    Dispute,
    ReliabilityFit,
    UnitConsensus,
)
from evalhub.quality.services import take_snapshot
from evalhub.quality.settling import settle
from evalhub.reports.choices import ReportKind
from evalhub.reports.models import Report
from evalhub.reports.services import start_report
from tests import factories as make
from tests.conftest import cast_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    """Two tasks, each judged by three and one of them held by a fourth, settled and tallied."""
    campaign = make.CampaignFactory.create(
        workspace=acme, type="comparison", overlap=4, max_share=50
    )
    for _ in range(2):
        make.TaskFactory.create(campaign=campaign)
    people = [make.MemberFactory.create(workspace=acme) for _ in range(4)]
    for person in people:
        fix_share(campaign=campaign, member=person, most=5)
    for person in people[:3]:
        judge(campaign, person)
    claim_next(campaign=campaign, member_pk=people[3].pk)
    Judgment.objects.update(created_at="2026-01-01T00:00:00Z", judged_at="2026-01-01T00:00:00Z")
    tally()
    settle(campaign)
    return campaign


def judge(campaign: Campaign, member: Member) -> None:
    """A, which is not the same response for everybody: sides alternate."""
    for _ in range(2):
        lease = claim_next(campaign=campaign, member_pk=member.pk)
        assert lease is not None
        body = SubmitBody(
            token=lease.token,
            submission_id=uuid4(),
            active_ms=5000,
            preferences=[PreferenceGiven(choice="A")],
        )
        submit_judgment(assignment=lease.assignment, member_pk=member.pk, body=body)


def verified() -> dict[str, Any]:
    out = StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify_aggregates", "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return {name: each["wrong"] for name, each in found.items()}


def test_what_is_stored_is_what_a_recount_gives(campaign: Campaign) -> None:
    take_snapshot(campaign.workspace)
    out = StringIO()
    call_command("verify_aggregates", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert {name: each["wrong"] for name, each in found.items()} == dict.fromkeys(found, 0)
    assert found["tasks"]["checked"] == 2
    assert found["tallies"]["checked"] == 3
    assert found["shares"]["checked"] == 4
    assert found["snapshots"]["checked"] == 1
    assert found["disputes"]["put_off"] == 0
    assert found["disputes"]["checked"] >= 1
    assert found["units"]["checked"] >= 1
    assert (found["consensus"]["checked"], found["fits"]["checked"]) == (1, 1)
    assert (found["fits"]["put_off"], found["reports"]["checked"]) == (0, 0)


@pytest.mark.parametrize(
    "name",
    [
        "tasks",
        "held",
        "tallies",
        "tally",
        "worked",
        "keys",
        "shares",
        "dispute",
        "disputes",
        "unit",
        "units",
        "snapshots",
        "met",
        "disputed",
        "fits",
    ],
)
def test_each_figure_that_differs_is_found_and_named(campaign: Campaign, name: str) -> None:
    take_snapshot(campaign.workspace)
    if name == "tasks":
        Task.objects.filter(pk=campaign.tasks.first().pk).update(judged=F("judged") - 1)
    elif name == "held":
        Task.objects.filter(open_places=1).update(open_places=0)
    elif name == "tallies":
        Tally.objects.filter(pk=Tally.objects.first().pk).update(active_ms=1)
    elif name == "worked":
        Tally.objects.filter(pk=Tally.objects.first().pk).update(worked_ms=1)
    elif name == "keys":
        Tally.objects.filter(pk=Tally.objects.first().pk).update(last_id=F("last_id") - 1)
    elif name == "tally":
        Tally.objects.first().delete()
    elif name == "shares":
        MemberShare.objects.filter(pk=MemberShare.objects.first().pk).update(taken=0)
    elif name == "dispute":
        Dispute.objects.update(probability=0.99)
    elif name == "disputes":
        Dispute.objects.first().delete()
    elif name == "unit":
        UnitConsensus.objects.filter(pk=UnitConsensus.objects.first().pk).update(doubt=0.99)
    elif name == "units":
        UnitConsensus.objects.first().delete()
    elif name == "met":
        Consensus.objects.update(units=F("units") + 1)
    elif name == "disputed":
        Consensus.objects.update(disputed=F("disputed") + 1)
    elif name == "fits":
        fit = ReliabilityFit.objects.get()
        fit.questions["0"]["is_settled"] = not fit.questions["0"]["is_settled"]
        fit.save()
    else:
        ConsensusSnapshot.objects.update(judgments=1)
    kinds = {"held": "tasks", "tally": "tallies", "worked": "tallies", "keys": "tallies"}
    kinds |= {"dispute": "disputes", "unit": "units"}
    kind = (kinds | {"met": "consensus", "disputed": "consensus"}).get(name, name)
    found = verified()
    assert found[kind] >= 1
    assert sum(found.values()) == found[kind]


def named(kind: str) -> list[str]:
    """What the command says of the rows that are wrong."""
    out = StringIO()
    with pytest.raises(CommandError, match="not what a recount gives"):
        call_command("verify_aggregates", "--json", stdout=out)
    return [
        f"{each['what']}: {each['told']}" for each in json.loads(out.getvalue())[kind]["examples"]
    ]


def test_the_field_of_a_fit_that_differs_is_named(campaign: Campaign) -> None:
    fit = ReliabilityFit.objects.get()
    person = sorted(fit.questions["0"]["raters"])[0]
    fit.questions["0"]["raters"][person][1] += 0.5
    fit.save()
    Consensus.objects.update(disputed=0)  # its disputes go by the fit
    [told] = named("fits")
    assert str(fit.uid) in told
    assert str(campaign.uid) in told
    assert f"0.raters.{person}[1]: stored" in told


def test_a_fit_of_other_answers_is_put_off(campaign: Campaign) -> None:
    """Somebody was left out since: it was right when it was made."""
    fit = ReliabilityFit.objects.get()
    fit.questions["0"]["spread"] += 1
    fit.save()
    member = campaign.judgments.first().member
    make.ExclusionFactory.create(campaign=campaign, member=member)
    assert sum(verified().values()) == 0


def report_of(campaign: Campaign, kind: str) -> Report:
    lead = cast_member("dora", campaign.workspace, Role.LEAD)
    report = start_report(campaign=campaign, kind=ReportKind(kind), by=lead)
    execute(report.job.uid)
    report.refresh_from_db()
    return report


@pytest.mark.parametrize("kind", ["agreement", "leaderboard", "reliability", "bias", "consistency"])
def test_reports_are_computed_once_more(campaign: Campaign, kind: str) -> None:
    report = report_of(campaign, kind)
    out = StringIO()
    call_command("verify_aggregates", "--json", stdout=out)
    found = json.loads(out.getvalue())["reports"]
    assert (found["checked"], found["wrong"], found["put_off"]) == (1, 0, 0)

    report.body["behind"]["counts"] = "otherwise"
    report.save()
    [told] = named("reports")
    assert told.startswith(f"{kind} {report.uid} of campaign {campaign.uid}: behind.counts: stored")


def test_the_figure_of_a_report_that_differs_is_named(campaign: Campaign) -> None:
    report = report_of(campaign, "leaderboard")
    report.body["boards"][0]["models"][1]["strength"] += 0.01
    report.save()
    [told] = named("reports")
    assert "boards[0].models[1].strength: stored" in told


def test_a_report_of_an_earlier_version_is_put_off(campaign: Campaign) -> None:
    """It lacks fields that are told now, and is right as it is."""
    report = report_of(campaign, "leaderboard")
    del report.body["boards"][0]["people"]
    report.shape -= 1
    report.save()
    assert verified()["reports"] == 0


def test_a_report_whose_answers_have_changed_is_put_off(campaign: Campaign) -> None:
    report = report_of(campaign, "leaderboard")
    report.body["boards"] = []
    report.save()
    Judgment.objects.filter(pk=campaign.judgments.first().pk).update(withdrawn_at=timezone.now())
    assert verified()["reports"] == 0


def test_where_two_values_differ_first() -> None:
    stored = {"a": [{"b": 1.0}, {"b": None}], "c": "x"}
    assert first_difference(stored, {"a": [{"b": 1.0 + 1e-9}, {"b": None}], "c": "x"}) is None
    assert first_difference(stored, {"a": [{"b": 1.0}], "c": "x"}) == (
        "a: stored 2 of them, recount 1"
    )
    assert first_difference(stored, {"a": [{"b": 1.0}, {"b": 0}], "c": "x"}) == (
        "a[1].b: stored None, recount 0"
    )
    assert first_difference(stored, {"a": stored["a"]}) == "c: not in a recount"
    assert first_difference({"a": True}, {"a": 1}) == "a: stored True, recount 1"


def test_a_campaign_with_news_is_put_off(campaign: Campaign) -> None:
    Dispute.objects.update(probability=0.99)
    Consensus.objects.update(settled_at="2020-01-01T00:00:00Z")
    assert verified()["disputes"] == 0


def test_people_read_a_table(campaign: Campaign) -> None:
    Tally.objects.first().delete()
    out = StringIO()
    with pytest.raises(CommandError, match="1 stored figures"):
        call_command("verify_aggregates", stdout=out)
    assert "recount" in out.getvalue()
    assert str(campaign.uid)[:8] in out.getvalue()
