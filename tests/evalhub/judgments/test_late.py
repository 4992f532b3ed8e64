"""Work whose place is gone; drafts in two versions; leases of a whole hand."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.campaigns.queries import progress_of
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.leases import save_draft, skip
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.pace import people_of
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from tests.factories import AssignmentFactory, TaskFactory

pytestmark = pytest.mark.django_db

SAID = {"fields": {"preference": "A2", "critique": "slowly thought"}}


@pytest.fixture
def page(client: Client, bob: Member) -> Client:
    assert bob.user is not None
    client.force_login(bob.user)
    return client


@pytest.fixture
def lost(campaign: Campaign, bob: Member) -> Assignment:
    """Bob's time ran out, somebody else filled the only place, and then Bob sent his work."""
    task = TaskFactory.create(campaign=campaign, overlap=1, open_places=0, judged=1)
    lost = AssignmentFactory.create(task=task, member=bob, state="expired")
    save_draft(assignment=lost, body=SAID)
    return lost


def desk(campaign: Campaign, act: str) -> str:
    return f"/w/acme/campaigns/{campaign.uid}/judge/{act}/"


def ask(page: Client, campaign: Campaign, act: str, **fields: Any) -> Any:
    return page.post(desk(campaign, act), fields, headers={"X-Requested-With": "judge"})


def test_late_work_may_be_an_extra_judgment_which_nothing_counts(
    page: Client, campaign: Campaign, lost: Assignment
) -> None:
    Campaign.objects.update(allows_extra=True)
    url = f"/w/acme/my-work/drafts/{lost.uid}/extra/"
    listed = page.get("/w/acme/my-work/drafts/").content.decode()
    assert "You may still submit it" in listed
    assert url in listed
    html = page.get(url).content.decode()
    assert "slowly thought" in html
    submission = re.search(r'name="submission_id" value="([^"]+)"', html)
    assert submission is not None
    fields = {**SAID["fields"], "submission_id": submission[1]}
    for _ in range(2):  # a retry is none
        told = page.post(url, fields, follow=True).content.decode()
        assert "stored as an extra judgment" in told
    judgment = Judgment.objects.get()
    assert (judgment.is_extra, judgment.critique) == (True, "slowly thought")
    lost.refresh_from_db()
    assert lost.state == "extra"
    assert not Draft.objects.exists()
    assert (progress_of(campaign).done, progress_of(campaign).wanted) == (1, 1)
    (person,) = people_of(campaign)
    assert (person.judged, person.hand.extra) == (0, 1)
    assert not Judgment.objects.counted().exists()
    scope = Scope(take_snapshot(campaign.workspace), (Source.HUMAN,))
    assert (scope.judgments().count(), scope.extra().count()) == (0, 1)
    Task.objects.update(open_places=1, judged=0)
    assert claim_next(campaign=campaign, member_pk=lost.member_id) is None


def test_a_revised_extra_stays_an_extra(page: Client, campaign: Campaign, lost: Assignment) -> None:
    Campaign.objects.update(allows_extra=True)
    submission = "6f0ad83e-8c2c-4f3f-9d1a-3cfdb7a1c0aa"
    page.post(
        f"/w/acme/my-work/drafts/{lost.uid}/extra/",
        {**SAID["fields"], "submission_id": submission},
    )
    judgment = Judgment.objects.get()
    page.post(
        f"/w/acme/my-work/judgments/{judgment.uid}/revise/",
        {"preference": "B2", "submission_id": submission.replace("6f", "7f")},
    )
    assert Judgment.objects.get(supersedes=judgment).is_extra


@pytest.mark.parametrize(
    ("places", "told"),
    [(0, "Its leads can read what you wrote"), (1, "Go on")],
)
def test_no_extra_where_the_campaign_takes_none_or_there_is_a_place(
    page: Client, campaign: Campaign, lost: Assignment, places: int, told: str
) -> None:
    Campaign.objects.update(allows_extra=places == 1)
    Task.objects.update(open_places=places, judged=1 - places)
    listed = page.get("/w/acme/my-work/drafts/").content.decode()
    assert told in listed
    assert "extra judgment" not in listed
    url = f"/w/acme/my-work/drafts/{lost.uid}/extra/"
    assert page.get(url).status_code == 302
    fields = {**SAID["fields"], "submission_id": "6f0ad83e-8c2c-4f3f-9d1a-3cfdb7a1c0aa"}
    answer = page.post(url, fields, follow=True)
    assert "This cannot be an extra judgment" in answer.content.decode()
    assert not Judgment.objects.exists()


def test_leads_find_late_work_on_the_campaigns_page(
    client: Client, alice: Member, campaign: Campaign, lost: Assignment
) -> None:
    assert alice.user is not None
    client.force_login(alice.user)
    detail = client.get(f"/w/acme/campaigns/{campaign.uid}/").content.decode()
    assert "1 draft whose time ran out" in detail
    listed = client.get(f"/w/acme/campaigns/{campaign.uid}/late/").content.decode()
    assert "bob" in listed
    look = client.get(f"/w/acme/late/{lost.uid}/").content.decode()
    assert "slowly thought" in look
    assert re.search(r'value="A2"[^>]* checked', look)


def test_a_draft_is_never_written_over_a_newer_one_that_was_not_seen(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    lease = claim_next(campaign=campaign, member_pk=bob.pk)
    assert lease is not None
    held = {"assignment": lease.assignment, "token": lease.token}
    first = ask(page, campaign, "draft", critique="one", over="", **held).json()
    other = ask(page, campaign, "draft", critique="two", over="", **held)
    assert (other.status_code, other.json()["code"]) == (409, "draft_changed")
    assert other.json()["version"] == first["version"]
    assert other.json()["fields"] == {"critique": "one"}
    same = ask(page, campaign, "draft", critique="one", over="", **held)
    assert same.status_code == 200
    version = same.json()["version"]
    assert ask(page, campaign, "draft", critique="two", over=version, **held).status_code == 200
    assert Draft.objects.get().body == {"fields": {"critique": "two"}}
    html = page.get(desk(campaign, "next")).content.decode()
    assert f'data-version="{Draft.objects.get().version}"' in html.replace("&#x2B;", "+")


def test_a_whole_hand_is_kept_alive_by_one_request_which_names_what_is_lost(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    hours = timezone.now() - timedelta(hours=1)
    mine = AssignmentFactory.create_batch(3, task__campaign=campaign, member=bob)
    mine[1].expires_at = hours
    mine[1].save()
    others = AssignmentFactory.create(task__campaign=campaign)
    tokens = [(mine[0], 1), (mine[1], 1), (mine[2], 7), (others, 1)]
    held = ",".join(f"{row.uid}:{token}" for row, token in tokens)
    Assignment.objects.exclude(pk=mine[1].pk).update(
        expires_at=timezone.now() + timedelta(minutes=1)
    )
    answer = ask(page, campaign, "keep", held=held)
    assert answer.json() == {"lost": sorted(str(row.uid) for row, _ in tokens[1:])}
    soon = timezone.now() + timedelta(minutes=20)
    assert list(Assignment.objects.filter(expires_at__gt=soon)) == [mine[0]]


def test_a_page_that_is_left_hands_back_what_nothing_was_written_about(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    mine = AssignmentFactory.create_batch(3, task__campaign=campaign, member=bob)
    Task.objects.update(open_places=0)
    save_draft(assignment=mine[1], body=SAID)
    held = ",".join(f"{row.uid}:{token}" for row, token in zip(mine, (1, 1, 9), strict=True))
    assert ask(page, campaign, "leave", held=held).status_code == 204
    states = [Assignment.objects.get(pk=row.pk).state for row in mine]
    assert states == ["released", "held", "held"]
    assert list(Task.objects.order_by("pk").values_list("open_places", flat=True)) == [1, 0, 0]


def test_another_persons_sign_in_never_sends_the_first_ones_work(
    page: Client, campaign: Campaign, bob: Member, alice: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    alice.roles = ["annotator"]
    alice.save()
    assert alice.user is not None
    page.force_login(alice.user)
    for act in ("submit", "draft", "skip", "keep", "leave", "withdraw"):
        answer = page.post(
            desk(campaign, act), {}, headers={"X-Requested-With": "judge", "X-Member": bob.uid}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "somebody_else")
        assert "alice is signed in now" in answer.json()["detail"]
    assert not Assignment.objects.exists()


# ---- saved in time, and then the time ran out ----


def begun(campaign: Campaign, member: Member, words: str, **more: Any) -> Assignment:
    """A task in hand with a draft saved in good time; then its time ran out and it was taken back."""
    lease = claim_next(campaign=campaign, member_pk=member.pk, **more)
    assert lease is not None
    mine = Assignment.objects.get(uid=lease.assignment)
    save_draft(assignment=mine, body={"fields": {"preference": "A2", "critique": words}})
    return mine


def run_out() -> None:
    Assignment.objects.held().update(expires_at=timezone.now() - timedelta(minutes=1))
    return_expired()


def test_what_was_typed_before_the_time_ran_out_comes_back_first(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    mine = begun(campaign, bob, "half a text")
    run_out()
    assert Draft.objects.get().late
    html = page.get(f"/w/acme/campaigns/{campaign.uid}/judge/").content.decode()
    assert str(mine.uid) in html
    assert "half a text" in html
    assert not Draft.objects.get().late  # held again


def test_go_on_opens_that_very_draft(page: Client, campaign: Campaign, bob: Member) -> None:
    TaskFactory.create_batch(4, campaign=campaign)
    first = begun(campaign, bob, "text one")
    second = begun(campaign, bob, "text two", holding=[first.uid])
    run_out()
    listed = page.get("/w/acme/my-work/drafts/").content.decode()
    url = f"/w/acme/campaigns/{campaign.uid}/judge/?assignment={second.uid}"
    assert url in listed
    html = page.get(url).content.decode()
    assert "text two" in html
    assert [row.pk for row in Assignment.objects.held()] == [second.pk]


def test_go_on_without_a_place_lends_no_other_task(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    mine = begun(campaign, bob, "half a text")
    run_out()
    Task.objects.filter(pk=mine.task_id).update(open_places=0, judged=1)
    url = f"/w/acme/campaigns/{campaign.uid}/judge/?assignment={mine.uid}"
    told = page.get(url, follow=True)
    assert told.redirect_chain == [("/w/acme/my-work/drafts/", 302)]
    assert "Others have judged this task meanwhile" in told.content.decode()
    assert not Assignment.objects.held().exists()


def test_work_that_was_cut_off_may_be_an_extra_judgment_and_leads_see_it(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    Campaign.objects.update(allows_extra=True)
    TaskFactory.create(campaign=campaign, overlap=1)
    mine = begun(campaign, bob, "half a text")
    run_out()
    Task.objects.update(open_places=0, judged=1)
    url = f"/w/acme/my-work/drafts/{mine.uid}/extra/"
    assert url in page.get("/w/acme/my-work/drafts/").content.decode()
    assert "half a text" in page.get(url).content.decode()
    assert list(Assignment.objects.late()) == [mine]


def test_a_draft_in_hand_says_nothing_of_leads_while_the_campaign_rests(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    begun(campaign, bob, "half a text")
    Campaign.objects.update(state="paused")
    listed = page.get("/w/acme/my-work/drafts/").content.decode()
    assert "The campaign is not open now; what you wrote is kept here." in listed
    assert "its leads can read it" not in listed
    run_out()
    assert "its leads can read it" in page.get("/w/acme/my-work/drafts/").content.decode()


def test_what_is_skipped_for_later_with_a_draft_does_not_come_back_at_once(
    campaign: Campaign, bob: Member
) -> None:
    """Else nobody could get past it."""
    Campaign.objects.update(requeue="back")
    tasks = TaskFactory.create_batch(2, campaign=campaign)
    mine = begun(campaign, bob, "half a text")
    run_out()
    lease = claim_next(campaign=campaign, member_pk=bob.pk)
    assert lease is not None
    assert lease.assignment == mine.uid
    skip(assignment=Assignment.objects.get(pk=mine.pk), token=lease.token)
    following = claim_next(campaign=campaign, member_pk=bob.pk)
    assert following is not None
    assert {lease.task, following.task} == {task.uid for task in tasks}
