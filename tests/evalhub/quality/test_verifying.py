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

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, MemberShare, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.shares import fix_share
from evalhub.judgments.body import PreferenceGiven, SubmitBody
from evalhub.judgments.jobs import tally
from evalhub.judgments.models import Judgment, Tally
from evalhub.judgments.services.submit import submit_judgment
from evalhub.quality.models import Consensus, ConsensusSnapshot, Dispute, UnitConsensus
from evalhub.quality.services import take_snapshot
from evalhub.quality.settling import settle
from tests import factories as make

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


@pytest.mark.parametrize(
    "name",
    [
        "tasks",
        "held",
        "tallies",
        "tally",
        "shares",
        "dispute",
        "disputes",
        "unit",
        "units",
        "snapshots",
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
    else:
        ConsensusSnapshot.objects.update(judgments=1)
    kind = {"held": "tasks", "tally": "tallies", "dispute": "disputes", "unit": "units"}.get(
        name, name
    )
    found = verified()
    assert found[kind] >= 1
    assert sum(found.values()) == found[kind]


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
