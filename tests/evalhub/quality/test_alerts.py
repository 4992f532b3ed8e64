"""Alerts fire once each time a figure crosses its bound; a summary comes once a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from evalhub.notifications.models import Notification
from evalhub.quality.alerts import value_of
from evalhub.quality.choices import Measure
from evalhub.quality.jobs import check_alerts, send_digests
from evalhub.quality.models import AlertRule
from evalhub.quality.services import set_alerts
from tests.evalhub.judgments.test_pace import judged
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    FlagFactory,
    MemberFactory,
    PreferenceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    opened = timezone.now() - timedelta(days=2)
    return CampaignFactory.create(workspace=alice.workspace, title="Round 3", opened_at=opened)


def told_to(member: Member) -> list[str]:
    rows = Notification.objects.of_member(member).order_by("pk")
    return list(rows.values_list("sentence", flat=True))


def test_a_slow_day_is_told_to_the_leads_once(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    set_alerts(campaign=campaign, bounds={Measure.PACE: 3}, by=alice)
    judged(bob, campaign, timezone.now() - timedelta(hours=2))
    assert value_of(campaign, Measure.PACE) == 1
    assert [check_alerts(), check_alerts()] == [1, 0]
    (sentence,) = told_to(alice)
    assert "Round 3" in sentence
    assert "fewer than 3 (now 1)" in sentence
    assert told_to(bob) == []
    for _ in range(3):
        judged(bob, campaign, timezone.now())
    assert check_alerts() == 0
    assert AlertRule.objects.get().fired_at is None
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert check_alerts() == 1
    assert len(told_to(alice)) == 2


def test_a_day_that_is_not_over_says_nothing(campaign: Campaign, alice: Member) -> None:
    Campaign.objects.update(opened_at=timezone.now() - timedelta(hours=3))
    set_alerts(campaign=campaign, bounds={Measure.PACE: 3}, by=alice)
    assert check_alerts() == 0
    assert AlertRule.objects.get().value is None
    Campaign.objects.update(opened_at=timezone.now() - timedelta(days=3), state="paused")
    assert check_alerts() == 0


def test_many_flags_and_little_agreement(
    campaign: Campaign, alice: Member, bob: Member, charlie: Member
) -> None:
    bounds = {Measure.FLAGS: 5.0, Measure.AGREEMENT: 0.5}
    set_alerts(campaign=campaign, bounds=bounds, by=alice)
    assert check_alerts() == 0  # nothing judged yet
    for nth in range(10):
        one = judged(bob, campaign, timezone.now())
        first, second = (row.completion for row in one.task.placed.order_by("place"))
        held = AssignmentFactory.create(task=one.task, member=charlie, state="submitted")
        other = judged(charlie, campaign, timezone.now())
        type(other).objects.filter(pk=other.pk).update(task=one.task, assignment=held)
        for judgment, margin in ((one, 1), (other, -1 if nth else 1)):
            PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)
    for member in (bob, charlie):
        FlagFactory.create(campaign=campaign, task=one.task, member=member)
    assert value_of(campaign, Measure.FLAGS) == 10
    assert check_alerts() == 2
    assert {rule.fired_at is None for rule in AlertRule.objects.all()} == {False}


@pytest.mark.parametrize("kind", ["simulated", "model"])
def test_what_no_person_said_rings_no_alert(
    campaign: Campaign, alice: Member, bob: Member, kind: str
) -> None:
    """Forty judgments that nobody gave, and a flag: a person's twenty alone are looked at."""
    made = MemberFactory.create(workspace=alice.workspace, kind=kind, user=None, roles=[])
    for member, count in ((made, 40), (bob, 20)):
        for _ in range(count):
            one = judged(member, campaign, timezone.now())
            if member == made:
                type(one).objects.filter(pk=one.pk).update(source=kind)
    for member in (made, bob):
        FlagFactory.create(campaign=campaign, task=one.task, member=member)
    assert value_of(campaign, Measure.FLAGS) == 5


def test_the_summary_comes_once_a_day(campaign: Campaign, alice: Member, bob: Member) -> None:
    morning = timezone.now().replace(hour=6, minute=0)
    with time_machine.travel(morning, tick=False):
        judged(bob, campaign, morning - timedelta(hours=3))
        first = send_digests()
        assert first >= 1
        assert send_digests() == 0
    (sentence,) = told_to(alice)
    assert "Round 3" in sentence
    assert "1 judgment, 0 flags, 0 open questions" in sentence
    with time_machine.travel(morning + timedelta(days=1), tick=False):
        assert send_digests() == first
    Campaign.objects.update(state="closed")
    with time_machine.travel(morning + timedelta(days=2), tick=False):
        assert send_digests() == 0


def test_the_page_sets_changes_and_removes_rules(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/alerts/"
    assert client.post(url, {"agreement": 2}).status_code == 422
    assert client.post(url, {"agreement": 0.4, "pace": 50}).status_code == 302
    page = client.get(url).content.decode()
    assert "two judgments of a task are less alike than 0.4" in page
    AlertRule.objects.update(fired_at=timezone.now())
    client.post(url, {"agreement": 0.4, "pace": 60})
    fired = dict(AlertRule.objects.values_list("measure", "fired_at"))
    assert fired["agreement"] is not None
    assert fired["pace"] is None  # another bound: it starts anew
    client.post(url, {"agreement": ""})
    assert not AlertRule.objects.exists()
    assert Entry.objects.filter(verb="campaign.alerts_set").count() == 3
    client.force_login(bob.user)
    assert client.get(url).status_code == 403
