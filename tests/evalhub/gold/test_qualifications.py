"""A set of gold with a pass mark: passing gives what campaigns ask for; only a lead takes it away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.queries import progress_of
from evalhub.gold.errors import NoAttempt, NotAppealable, UnfitAppeal
from evalhub.gold.jobs.attempts import score_copies, score_judgment
from evalhub.gold.models import Appeal, Attempt, Qualification
from evalhub.gold.services.appeals import appeal_exam, uphold, withdraw
from evalhub.gold.services.qualifications import end_attempt, set_qualification, start_attempt
from evalhub.jobs.jobs import deliver_waiting
from evalhub.judgments.models import ExpertAnswer
from evalhub.notifications.models import Notification
from tests.conftest import cast_member
from tests.evalhub.gold.conftest import gold_in, said
from tests.evalhub.judgments.conftest import client_of
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def medicine(campaign: Campaign, alice: Member) -> Qualification:
    """Two gold tasks, of which both are to be passed."""
    for _ in range(2):
        gold_in(campaign)
    return set_qualification(
        campaign=campaign, word=" Medicine ", pass_mark=60, retry_days=7, by=alice
    )


def answer(attempt: Attempt, *margins: int) -> Attempt:
    for part, margin in zip(attempt.tasks.order_by("pk"), margins, strict=False):
        Task.objects.filter(pk=part.task_id).update(open_places=0, judged=1)
        score_judgment(judgment=said(part.task, attempt.member, margin).uid)
    attempt.refresh_from_db()
    return attempt


def test_passing_opens_the_campaigns_that_ask_for_it(medicine: Qualification, bob: Member) -> None:
    asking = CampaignFactory.create(workspace=bob.workspace, qualifications=["medicine"])
    page = Client()
    page.force_login(bob.user)
    listed = page.get("/w/acme/my-work/qualifications/").content.decode()
    assert "60 % of them" in listed
    url = f"/w/acme/my-work/qualifications/{medicine.uid}/start/"
    assert page.post(url).status_code == 302
    claim = f"/api/v1/campaigns/{asking.uid}/claim"
    assert client_of(bob).post(claim, {}, format="json").status_code == 403
    attempt = answer(Attempt.objects.get(), 1)
    assert attempt.state == "under_way"
    part = attempt.tasks.order_by("pk").last()
    Task.objects.filter(pk=part.task_id).update(open_places=0, judged=1)
    score_judgment(judgment=said(part.task, bob, 2).uid)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.right, attempt.asked) == ("passed", 2, 2)
    bob.refresh_from_db()
    assert bob.qualifications == ["medicine"]
    assert client_of(bob).post(claim, {}, format="json").status_code == 204
    assert "you have it" in page.get("/w/acme/my-work/qualifications/").content.decode()
    assert Notification.objects.get(member=bob).topic == "qualification.ended"
    assert Entry.objects.get(verb="member.qualified").actor == "system"


def test_the_tasks_are_copies_for_one_person_claimed_like_any_other(
    medicine: Qualification, bob: Member
) -> None:
    start_attempt(qualification=medicine, by=bob)
    api = client_of(bob)
    url = f"/api/v1/campaigns/{medicine.campaign.uid}/claim"
    first = api.post(url, {}, format="json").json()
    second = api.post(url, {"holding": [first["assignment"]]}, format="json").json()
    kinds = Task.objects.filter(uid__in=[each["task"]["uid"] for each in (first, second)])
    assert [task.kind for task in kinds] == ["qualification"] * 2
    both = [first["assignment"], second["assignment"]]
    assert api.post(url, {"holding": both}, format="json").status_code == 204


def test_failing_says_when_to_try_again_and_then_one_may(
    medicine: Qualification, bob: Member
) -> None:
    failed = answer(start_attempt(qualification=medicine, by=bob), 1, -1)
    assert (failed.state, failed.right) == ("failed", 1)
    with pytest.raises(NoAttempt, match="try again from"):
        start_attempt(qualification=medicine, by=bob)
    Attempt.objects.update(ended_at=timezone.now() - timedelta(days=8))
    again = answer(start_attempt(qualification=medicine, by=bob), 1, 1)
    assert again.state == "passed"
    bob.refresh_from_db()
    with pytest.raises(NoAttempt, match="have this"):
        start_attempt(qualification=medicine, by=bob)


def test_ending_it_leaves_no_open_place(medicine: Qualification, bob: Member) -> None:
    attempt = answer(start_attempt(qualification=medicine, by=bob), 1)
    ended = end_attempt(attempt=attempt, by=bob)
    assert (ended.state, ended.right) == ("failed", 1)
    assert progress_of(medicine.campaign).waiting == 0
    with pytest.raises(NoAttempt):
        end_attempt(attempt=ended, by=bob)


def test_a_gold_that_was_wrong_costs_nobody_their_qualification(
    medicine: Qualification, alice: Member, bob: Member
) -> None:
    """Of two one failed, 50 %: with that gold withdrawn it is 1 of 1."""
    attempt = answer(start_attempt(qualification=medicine, by=bob), 1, -1)
    failed = attempt.tasks.get(passed=False).gold
    withdraw(gold=failed.expert_answer, reason="Wrong.", by=alice)
    score_copies(task=failed.uid)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.right, attempt.asked) == ("passed", 1, 1)
    passed = attempt.tasks.get(passed=True).gold
    withdraw(gold=passed.expert_answer, reason="Wrong, too.", by=alice)
    score_copies(task=passed.uid)
    bob.refresh_from_db()
    assert bob.qualifications == ["medicine"]  # only a lead takes it away


def test_a_failed_answer_is_appealed_when_the_exam_is_over(
    medicine: Qualification, alice: Member, bob: Member
) -> None:
    """Of two one failed; with that gold withdrawn it is 1 of 1, for bob and for carol alike."""
    carol = cast_member("carol", bob.workspace, "annotator")
    hers = answer(start_attempt(qualification=medicine, by=carol), 1, -1)
    attempt = start_attempt(qualification=medicine, by=bob)
    page = Client()
    page.force_login(bob.user)
    seen = f"/w/acme/my-work/attempts/{attempt.uid}/"
    assert "under way" in page.get(seen).content.decode()
    first = attempt.tasks.order_by("pk").first()
    early = f"/w/acme/my-work/exam-tasks/{first.task.uid}/appeal/"
    assert page.get(early).status_code == 404
    answer(attempt, 1, -1)
    part = attempt.tasks.get(passed=False)
    url = f"/w/acme/my-work/exam-tasks/{part.task.uid}/appeal/"
    assert page.get(seen).content.decode().count("/appeal/") == 1
    html = page.get(url).content.decode()
    assert "Beside the expert" not in html  # who tries again is asked the same
    assert page.post(url, {"reason": "Both invent it."}).status_code == 302
    made = Appeal.objects.get()
    lead = Client()
    lead.force_login(alice.user)
    assert "Both invent it." in lead.get("/w/acme/appeals/").content.decode()
    assert "Beside the expert" in lead.get(f"/w/acme/appeals/{made.uid}/").content.decode()
    assert (
        lead.post(f"/w/acme/appeals/{made.uid}/decide/", {"decision": "uphold"}).status_code == 302
    )
    deliver_waiting()
    for each in (attempt, hers):
        each.refresh_from_db()
        assert (each.state, each.right, each.asked) == ("passed", 1, 1)
    bob.refresh_from_db()
    assert bob.qualifications == ["medicine"]
    told = Notification.objects.filter(member=bob, topic="gold.appeal_decided").get()
    assert told.path == seen
    assert "upheld" in page.get(seen).content.decode()
    assert set(Entry.objects.values_list("verb", flat=True)) >= {
        "gold.appealed",
        "gold.withdrawn",
        "gold.appeal_upheld",
    }
    assert lead.get(f"/w/acme/appeals/{made.uid}/").status_code == 200


def test_what_an_upheld_appeal_took_out_stays_out(
    medicine: Qualification, alice: Member, bob: Member
) -> None:
    attempt = answer(start_attempt(qualification=medicine, by=bob), -1, -1)
    part = attempt.tasks.order_by("pk").last()
    uphold(appeal=appeal_exam(part=part, reason="No.", by=bob), by=alice)
    part.gold.refresh_from_db()
    part.gold.kind = "gold"  # an expert answers it anew
    part.gold.save()
    ExpertAnswer.objects.update(withdrawn_at=None)
    score_copies(task=part.gold.uid)
    attempt.refresh_from_db()
    assert (attempt.right, attempt.asked) == (0, 1)


def test_only_what_was_failed_in_an_exam_is_appealed_and_once(
    medicine: Qualification, bob: Member
) -> None:
    attempt = answer(start_attempt(qualification=medicine, by=bob), 1, -1)
    passed, failed = attempt.tasks.order_by("pk")
    with pytest.raises(NotAppealable):
        appeal_exam(part=passed, reason="Hm.", by=bob)
    with pytest.raises(UnfitAppeal):
        appeal_exam(part=failed, reason=" ", by=bob)
    appeal_exam(part=failed, reason="No.", by=bob)
    with pytest.raises(NotAppealable):
        appeal_exam(part=failed, reason="No!", by=bob)


def test_a_lead_takes_it_away_with_a_reason(
    medicine: Qualification, alice: Member, bob: Member
) -> None:
    attempt = answer(start_attempt(qualification=medicine, by=bob), 1, 1)
    page = Client()
    page.force_login(alice.user)
    url = f"/w/acme/attempts/{attempt.uid}/take-away/"
    listed = page.get(f"/w/acme/campaigns/{medicine.campaign.uid}/qualification/")
    assert url in listed.content.decode()
    assert page.post(url, {"reason": ""}).status_code == 422
    assert page.post(url, {"reason": "Left the trade."}).status_code == 302
    bob.refresh_from_db()
    assert bob.qualifications == []
    told = Notification.objects.filter(member=bob).first()
    assert told is not None
    assert "Left the trade." in told.sentence
    with pytest.raises(NoAttempt, match="Ask a lead"):
        start_attempt(qualification=medicine, by=bob)


def test_a_campaign_that_asks_for_the_word_cannot_give_it(
    campaign: Campaign, alice: Member
) -> None:
    campaign.qualifications = ["medicine"]
    campaign.save()
    page = Client()
    page.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/qualification/"
    sent = {"word": "medicine", "pass_mark": "80", "retry_days": ""}
    assert page.post(url, sent).status_code == 422
