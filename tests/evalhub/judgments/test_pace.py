"""Tallies, and what the pace says about the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.jobs import count_large
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.queries import campaigns_for, progress_of
from evalhub.judgments import jobs
from evalhub.judgments.models import Judgment, Tally, TallyMark
from evalhub.judgments.pace import pace_of, people_of
from tests.factories import AssignmentFactory, CampaignFactory, JudgmentFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    return CampaignFactory.create(workspace=alice.workspace)


def judged(member: Member, campaign: Campaign, at: datetime, **more: Any) -> Judgment:
    assignment = AssignmentFactory.create(
        task=TaskFactory.create(campaign=campaign), member=member, state="submitted"
    )
    made = JudgmentFactory.create(
        assignment=assignment,
        task=assignment.task,
        campaign=campaign,
        member=member,
        workspace=campaign.workspace,
        judged_at=at,
        submission_id=uuid4(),
        **more,
    )
    Judgment.objects.filter(pk=made.pk).update(created_at=at)
    return made


def told(campaign: Campaign) -> list[tuple[Member, int, int]]:
    return [(each.member, each.judged, each.active_ms) for each in people_of(campaign)]


def test_tallies_and_what_came_after_them_are_each_counted_once(
    campaign: Campaign, bob: Member, charlie: Member
) -> None:
    old = timezone.now() - timedelta(hours=2)
    for member in (bob, bob, charlie):
        judged(member, campaign, old, active_ms=1000)
    judged(bob, campaign, old, active_ms=None)
    judged(bob, campaign, old, withdrawn_at=old)
    judged(bob, campaign, old, is_extra=True)
    before = told(campaign)
    assert before == [(bob, 3, 2000), (charlie, 1, 1000)]
    judged(bob, campaign, timezone.now(), active_ms=500)  # too young for a tally
    assert jobs.tally() > 0
    assert jobs.tally() == 0
    assert sum(Tally.objects.values_list("judgments", flat=True)) == 4
    assert told(campaign) == [(bob, 4, 2500), (charlie, 1, 1000)]
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        Judgment.objects.update(created_at=old)
        jobs.tally()
    assert told(campaign) == [(bob, 4, 2500), (charlie, 1, 1000)]
    assert [each.ms_each for each in people_of(campaign)] == [833, 1000]


def test_a_revision_is_no_second_judgment(campaign: Campaign, bob: Member) -> None:
    old = timezone.now() - timedelta(hours=2)
    first = judged(bob, campaign, old, active_ms=1000)
    JudgmentFactory.create(
        assignment=first.assignment,
        task=first.task,
        campaign=campaign,
        member=bob,
        workspace=campaign.workspace,
        supersedes=first,
        judged_at=old,
    )
    assert told(campaign) == [(bob, 1, 1000)]
    Judgment.objects.update(created_at=old)
    jobs.tally()
    assert told(campaign) == [(bob, 1, 1000)]


def test_the_mark_goes_on_in_parts_and_stays_where_nothing_is(
    campaign: Campaign, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert jobs.tally() == 0
    assert TallyMark.objects.get().up_to == 0
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    old = timezone.now() - timedelta(hours=2)
    keys = [judged(bob, campaign, old).pk for _ in range(5)]
    TallyMark.objects.update(up_to=keys[0] - 1)
    assert [jobs.tally() for _ in range(4)] == [2, 2, 1, 0]
    assert Tally.objects.get().judgments == 5


def test_keys_that_never_were_cost_no_call(campaign: Campaign, bob: Member) -> None:
    """As where rows of another database were read in."""
    old = timezone.now() - timedelta(hours=2)
    first = judged(bob, campaign, old).pk
    judged(bob, campaign, old, pk=first + 9 * jobs.AT_ONCE)

    assert [jobs.tally() for _ in range(3)] == [jobs.AT_ONCE, 1, 0]
    assert Tally.objects.get().judgments == 2


def test_the_end_is_told_by_hours_at_first_and_by_days_later(
    campaign: Campaign, bob: Member
) -> None:
    noon = timezone.now().replace(hour=12, minute=30, second=0, microsecond=0)
    with time_machine.travel(noon, tick=False):
        Campaign.objects.update(opened_at=noon - timedelta(hours=5))
        campaign.refresh_from_db()
        for hour in range(1, 5):
            judged(bob, campaign, noon - timedelta(hours=hour))
            judged(bob, campaign, noon - timedelta(hours=hour))
        Task.objects.update(judged=1, open_places=0)
        TaskFactory.create_batch(20, campaign=campaign)
        found = pace_of(campaign, progress_of(campaign))
        assert [bar.judgments for bar in found.bars] == [0, 2, 2, 2, 2, 0]
        assert found.expected == noon + timedelta(hours=10)
        assert found.low is not None
        assert noon < found.low < found.expected
        Campaign.objects.update(opened_at=noon - timedelta(days=40))
        campaign.refresh_from_db()
        by_day = pace_of(campaign, progress_of(campaign))
        assert by_day.is_by_day
        assert len(by_day.bars) == 15
        assert by_day.expected is None  # all of it came today, which is not over


def test_a_large_campaign_is_counted_in_the_background(
    campaign: Campaign, alice: Member, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    assert count_large() == 0
    monkeypatch.setattr("evalhub.campaigns.jobs.LARGE", 2)
    assert count_large() == 1
    TaskFactory.create(campaign=campaign)
    assert (progress_of(campaign).tasks, progress_of(campaign).wanted) == (3, 3)
    client.force_login(alice.user)
    page = client.get(f"/w/acme/campaigns/{campaign.uid}/").content.decode()
    assert "As counted at" in page
    assert count_large() == 1
    assert progress_of(campaign).tasks == 4


def test_what_is_left_of_a_large_campaign_is_what_was_counted_without_what_is_reserved(
    campaign: Campaign, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = TaskFactory.create_batch(3, campaign=campaign)
    monkeypatch.setattr("evalhub.campaigns.jobs.LARGE", 2)
    left = [each.waiting for each in campaigns_for(bob)]
    count_large()
    TaskFactory.create(campaign=campaign)
    counted = [each.waiting for each in campaigns_for(bob)]
    Task.objects.filter(pk=first.pk).update(is_reserved=True)
    assert [left, counted] == [[3], [3]]
    count_large()
    assert [each.waiting for each in campaigns_for(bob)] == [3]
    Task.objects.filter(pk=first.pk).update(is_reserved=False)
    count_large()
    assert [each.waiting for each in campaigns_for(bob)] == [4]


def test_the_page_shows_people_hours_and_the_end(
    campaign: Campaign, alice: Member, bob: Member, client: Client
) -> None:
    now = timezone.now()
    Campaign.objects.update(opened_at=now - timedelta(hours=6))
    for hour in range(1, 6):
        judged(bob, campaign, now - timedelta(hours=hour), active_ms=61_000)
    Task.objects.update(judged=1, open_places=0)
    TaskFactory.create_batch(5, campaign=campaign)
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/pace/"
    page = client.get(url).content.decode()
    for each in ("At this pace all is done on", "Judgments by hour", "bob", "5.1 min", "1.0 min"):
        assert each in page
    partial = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert partial.lstrip().startswith("<section")
    client.force_login(bob.user)
    assert client.get(url).status_code == 403
