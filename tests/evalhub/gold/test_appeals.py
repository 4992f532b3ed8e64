"""A failed gold is appealed; upheld, it counts for nobody; refused, with a reason."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import Conflict
from evalhub.gold.errors import NotAppealable
from evalhub.gold.jobs.verdicts import judge_again
from evalhub.gold.models import Appeal, GoldVerdict
from evalhub.gold.queries import passed_by
from evalhub.gold.services import appeals
from evalhub.jobs.jobs import deliver_waiting
from evalhub.judgments.models import ExpertAnswer
from evalhub.notifications.models import Notification
from tests.conftest import cast_member
from tests.evalhub.gold.conftest import gold_in, judged, said
from tests.evalhub.judgments.conftest import client_of
from tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> It is in the source."


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture
def failed(campaign: Campaign, bob: Member) -> GoldVerdict:
    verdict: GoldVerdict = judged(gold_in(campaign).task, bob, -1)
    return verdict


def decide(lead: Member, appeal: Appeal, decision: str, answer: str = "") -> int:
    url = f"/w/acme/appeals/{appeal.uid}/decide/"
    sent = signed_in(lead).post(url, {"decision": decision, "answer": answer})
    return sent.status_code


def test_from_the_failed_gold_to_the_answer(
    failed: GoldVerdict, alice: Member, bob: Member
) -> None:
    mine = signed_in(bob)
    page = mine.get("/w/acme/my-work/calibration/").content.decode()
    url = f"/w/acme/my-work/verdicts/{failed.uid}/appeal/"
    assert url in page
    assert "Beside the expert" in mine.get(url).content.decode()
    assert mine.post(url, {"reason": HOSTILE}).status_code == 302
    appeal = Appeal.objects.get()
    assert Notification.objects.get(member=alice).path == f"/w/acme/appeals/{appeal.uid}/"
    lead = signed_in(alice)
    for path in ("/w/acme/appeals/", f"/w/acme/appeals/{appeal.uid}/"):
        html = lead.get(path).content.decode()
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert(1)" not in html
    assert decide(alice, appeal, "refuse") == 422  # a refusal says why
    assert decide(alice, appeal, "refuse", "The source says 1912.") == 302
    assert Notification.objects.get(member=bob).path == "/w/acme/my-work/calibration/"
    page = mine.get("/w/acme/my-work/calibration/").content.decode()
    assert "The source says 1912." in page
    assert url not in page
    assert passed_by(bob).n == 1
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert {"gold.appealed", "gold.appeal_refused"} <= verbs


def test_an_upheld_appeal_withdraws_the_gold_for_everybody(
    failed: GoldVerdict, campaign: Campaign, alice: Member, bob: Member
) -> None:
    carol = cast_member("carol", bob.workspace, "annotator")
    judged(failed.task, carol, 1)
    appeal = appeals.appeal(verdict=failed, reason="Both invent it.", by=bob)
    assert decide(alice, appeal, "uphold") == 302
    assert [passed_by(each).n for each in (bob, carol)] == [0, 0]
    failed.task.refresh_from_db()
    assert failed.task.kind == "normal"  # its judgments stay in the data
    failed.task.kind = "gold"  # an expert answers it anew: carol is measured, bob was right
    failed.task.save()
    ExpertAnswer.objects.update(withdrawn_at=None)
    assert judge_again(task=failed.task.uid) == 1
    assert [passed_by(each).n for each in (bob, carol)] == [0, 1]
    assert "upheld" in signed_in(bob).get("/w/acme/my-work/calibration/").content.decode()
    assert signed_in(alice).get(f"/w/acme/appeals/{appeal.uid}/").status_code == 200
    assert set(Entry.objects.values_list("verb", flat=True)) >= {
        "gold.withdrawn",
        "gold.appeal_upheld",
    }


def test_the_first_decision_counts_and_is_nobodys_own(
    failed: GoldVerdict, alice: Member, bob: Member
) -> None:
    appeal = appeals.appeal(verdict=failed, reason="No.", by=bob)
    with pytest.raises(Conflict):
        appeals.uphold(appeal=appeal, by=bob)
    appeals.refuse(appeal=appeal, answer="Yes.", by=alice)
    with pytest.raises(Conflict):
        appeals.uphold(appeal=appeal, by=alice)
    assert passed_by(bob).n == 1


def test_only_what_was_failed_is_appealed_and_once(
    failed: GoldVerdict, campaign: Campaign, bob: Member
) -> None:
    passed = judged(gold_in(campaign).task, bob, 1)
    with pytest.raises(NotAppealable):
        appeals.appeal(verdict=passed, reason="Hm.", by=bob)
    appeals.appeal(verdict=failed, reason="No.", by=bob)
    with pytest.raises(NotAppealable):
        appeals.appeal(verdict=failed, reason="No!", by=bob)


def test_leads_set_what_passes_and_the_plan(
    failed: GoldVerdict, campaign: Campaign, alice: Member
) -> None:
    lead, gold = signed_in(alice), failed.task.expert_answer
    url = f"/w/acme/gold/{gold.uid}/"
    html = lead.get(url).content.decode()
    assert 'name="also.preference" value="tie"' in html
    assert 'name="also.preference" value="A1"' not in html  # the expert's own passes anyway
    sent = {"tolerance": "1", "also.preference": ["tie", "B1", "junk"], "also.rating.x.y": "1"}
    assert lead.post(url, sent).status_code == 302
    gold.refresh_from_db()
    assert (gold.tolerance, gold.also) == (1, {"preference": ["B1", "tie"]})
    url = f"/w/acme/campaigns/{campaign.uid}/gold/"
    plan = {"share": "60", "exposure": "", "repeat_share": "2", "repeat_hours": "24"}
    assert lead.post(url, plan).status_code == 422
    assert lead.post(url, plan | {"share": "5", "exposure": "40"}).status_code == 302
    assert "0 of 1" in lead.get(url).content.decode()


def test_a_lead_withdraws_a_gold(failed: GoldVerdict, alice: Member, bob: Member) -> None:
    url = f"/w/acme/gold/{failed.task.expert_answer.uid}/withdraw/"
    assert signed_in(alice).post(url, {"reason": ""}).status_code == 422
    assert signed_in(alice).post(url, {"reason": "The source was wrong."}).status_code == 302
    assert passed_by(bob).n == 0


def test_a_judgment_that_a_lead_trusts_is_gold_with_one_click(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """Bob is not measured by his own answer; carol, who said the other before, is."""
    carol = cast_member("carol", bob.workspace, "annotator")
    task = TaskFactory.create(campaign=campaign, overlap=2, open_places=2)
    own, other = said(task, bob, 1), said(task, carol, -1)
    lead = signed_in(alice)
    url = f"/w/acme/judgments/{own.uid}/gold/"
    assert url in lead.get(f"/w/acme/judgments/{own.uid}/").content.decode()
    assert signed_in(bob).post(url).status_code == 403
    assert lead.post(url).status_code == 302
    deliver_waiting()
    verdict = GoldVerdict.objects.get()
    assert (verdict.judgment, verdict.passed) == (other, False)
    assert lead.get(f"/w/acme/judgments/{own.uid}/").content.decode().count(url) == 0


def test_who_only_judges_sees_no_exact_count_of_what_is_left(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """It would not fall when a gold is claimed: that would tell."""
    TaskFactory.create(campaign=campaign, overlap=37, open_places=37)
    page = signed_in(bob).get("/w/acme/my-work/").content.decode()
    assert "about 30 judgments" in page
    told = client_of(bob).get(f"/api/v1/campaigns/{campaign.uid}").json()
    assert told["progress"] is None
    assert (
        client_of(alice).get(f"/api/v1/campaigns/{campaign.uid}").json()["progress"]["wanted"] == 37
    )
