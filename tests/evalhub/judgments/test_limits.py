"""How much somebody may judge in a day, and that nothing they hold is lost by it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import set_limits
from evalhub.audit.models import Entry
from evalhub.campaigns.errors import EnoughForToday
from evalhub.campaigns.models import Assignment, Campaign
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.leases import release
from evalhub.campaigns.services.limits import today_of
from evalhub.judgments.body import SubmitBody, parsed
from evalhub.judgments.services.submit import Submitted, submit_judgment
from tests.evalhub.judgments.conftest import body_for
from tests.factories import AssignmentFactory, JudgmentFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(campaign: Campaign) -> Campaign:
    TaskFactory.create_batch(6, campaign=campaign)
    return campaign


def limit(
    member: Member, by: Member, *, tasks: int | None = None, minutes: int | None = None
) -> None:
    set_limits(member=member, most_tasks=tasks, most_minutes=minutes, by=by)


def submit(lease: Lease, member: Member, **more: Any) -> Submitted:
    body = body_for(lease.token, claim_next=True, **more)
    return submit_judgment(
        assignment=lease.assignment,
        member_pk=member.pk,
        body=parsed(msgspec.json.encode(body), SubmitBody),
    )


def claim(campaign: Campaign, member: Member, *holding: Lease) -> Lease:
    held = [lease.assignment for lease in holding]
    lease = claim_next(campaign=campaign, member_pk=member.pk, holding=held)
    assert lease is not None
    return lease


def test_whoever_has_judged_enough_comes_back_tomorrow(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    limit(bob, alice, tasks=2)
    second = submit(claim(campaign, bob), bob).next
    assert second is not None
    assert submit(second, bob).next is None
    with pytest.raises(EnoughForToday) as told:
        claim(campaign, bob)
    assert datetime.fromisoformat(told.value.data["back_at"]) > datetime.now(ZoneInfo("UTC"))


def test_what_is_held_counts_and_comes_back(campaign: Campaign, bob: Member, alice: Member) -> None:
    limit(bob, alice, tasks=1)
    held = claim(campaign, bob)
    with pytest.raises(EnoughForToday):
        claim(campaign, bob, held)
    assert claim(campaign, bob).assignment == held.assignment
    limit(bob, alice, tasks=0)
    assert claim(campaign, bob).assignment == held.assignment
    assert submit(held, bob).is_new


def test_a_task_handed_back_is_no_work(campaign: Campaign, bob: Member, alice: Member) -> None:
    limit(bob, alice, tasks=1)
    held = claim(campaign, bob)
    release(assignment=Assignment.objects.get(uid=held.assignment), token=held.token)
    assert claim(campaign, bob)


def test_active_minutes_are_limited_too(campaign: Campaign, bob: Member, alice: Member) -> None:
    limit(bob, alice, minutes=2)
    second = submit(claim(campaign, bob), bob, active_ms=119_000).next
    assert second is not None
    assert submit(second, bob, active_ms=1_000).next is None
    assert today_of(bob).minutes == 2


@pytest.mark.parametrize("zone, done", [("Pacific/Auckland", 0), ("UTC", 1)])
def test_the_day_is_the_member_s_own(campaign: Campaign, bob: Member, zone: str, done: int) -> None:
    """At 12:00 UTC of 1 July it is midnight in Auckland (UTC+12)."""
    assert bob.user is not None
    bob.user.timezone = zone
    bob.user.save()
    when = datetime(2026, 7, 1, 11, 30, tzinfo=ZoneInfo("UTC"))
    AssignmentFactory.create(
        task=campaign.tasks.first(), member=bob, state="submitted", ended_at=when
    )
    JudgmentFactory.create(
        task=campaign.tasks.first(), member=bob, judged_at=when, active_ms=60_000
    )
    with time_machine.travel(when.replace(hour=12, minute=30), tick=False):
        today = today_of(bob)
    assert (today.tasks, today.minutes) == (done, done)


def test_a_day_in_which_the_clocks_change_has_its_own_length(bob: Member) -> None:
    assert bob.user is not None
    bob.user.timezone = "Europe/Berlin"
    bob.user.save()
    with time_machine.travel(datetime(2026, 10, 25, 12, tzinfo=ZoneInfo("UTC")), tick=False):
        back_at = today_of(bob).back_at
    assert back_at.isoformat() == "2026-10-26T00:00:00+01:00"


def test_members_without_a_limit_pay_nothing_for_it(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            lease = claim(campaign, bob)
        release(assignment=Assignment.objects.get(uid=lease.assignment), token=lease.token)
        return len(captured)

    queries()  # caches
    without = queries()
    limit(bob, alice, tasks=50)
    assert queries() == without + 4  # the member, submitted, held, and the time
    limit(bob, alice)
    assert queries() == without


def test_the_page_and_the_api_say_it_kindly(
    client: Client, api: APIClient, campaign: Campaign, bob: Member, alice: Member
) -> None:
    limit(bob, alice, tasks=1)
    lease = claim(campaign, bob)
    client.force_login(bob.user)
    base = f"/w/acme/campaigns/{campaign.uid}/judge/"
    fields = {
        "assignment": lease.assignment, "token": lease.token, "submission_id": uuid4(),
        "preference": "A2",
    }  # fmt: skip
    answer = client.post(f"{base}submit/", fields, headers={"X-Requested-With": "judge"})
    assert answer.status_code == 200, answer.content
    assert "Enough for today" in answer.content.decode()
    assert "Enough for today" in client.get(base).content.decode()
    problem = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json")
    assert (problem.status_code, problem.json()["code"]) == (409, "enough_for_today")
    assert "back_at" in problem.json()


def test_a_lead_sets_limits(client: Client, bob: Member, alice: Member) -> None:
    client.force_login(alice.user)
    assert "bob" in client.get("/w/acme/limits/").content.decode()
    url = f"/w/acme/members/{bob.uid}/limits/"
    assert client.post(url, {"most_tasks": "40", "most_minutes": ""}).status_code == 302
    bob.refresh_from_db()
    assert (bob.most_tasks, bob.most_minutes) == (40, None)
    assert Entry.objects.get(verb="member.limits_set").details["after"]["most_tasks"] == 40
    assert client.post(url, {"most_minutes": "1441"}).status_code == 422
    client.force_login(bob.user)
    assert client.get(url).status_code == 403


def test_a_lead_sets_limits_of_those_who_are_ticked(
    client: Client, bob: Member, alice: Member, charlie: Member
) -> None:
    ann, ben, cid = (
        MemberFactory.create(workspace=bob.workspace, pseudonym=name, groups=[group])
        for name, group in (("ann", "night"), ("ben", "night"), ("cid", "day"))
    )
    client.force_login(alice.user)
    url = "/w/acme/limits/?group=night"
    assert [each.pseudonym for each in client.get(url).context["people"]] == ["ann", "ben"]
    limits = {"most_tasks": "30", "most_minutes": "120"}
    answer = client.post(url, limits | {"rows": [str(ann.uid), str(ben.uid)]}, follow=True)
    assert "Saved for 2 people;" in answer.content.decode()
    assert [each.pseudonym for each in answer.context["people"]] == ["ann", "ben"]
    for member, tasks in ((ann, 30), (ben, 30), (cid, None)):
        member.refresh_from_db()
        assert member.most_tasks == tasks
    assert Entry.objects.filter(verb="member.limits_set").count() == 2
    nobody = client.post(url, limits)
    assert (nobody.status_code, "Tick somebody first." in nobody.content.decode()) == (422, True)
    wrong = client.post(url, {"most_minutes": "1441", "rows": str(ann.uid)})
    assert wrong.status_code == 422
    assert f'value="{ann.uid}" checked' in wrong.content.decode()
    for stranger in (str(charlie.uid), "x"):
        asked = client.post(url, limits | {"rows": [str(ben.uid), stranger]})
        assert asked.status_code == 404
    client.force_login(bob.user)
    assert client.post(url, limits | {"rows": str(ann.uid)}).status_code == 403
