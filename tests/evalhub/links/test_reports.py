"""What a client sees by a report link, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.accounts.services import set_active
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from evalhub.links.models import ReportLink
from evalhub.links.services.making import make_report_link
from evalhub.reports.models import Report
from tests.factories import AssignmentFactory, JobFactory, JudgmentFactory

pytestmark = pytest.mark.django_db


def test_a_client_sees_figures_and_nobody(
    client: Client, campaign: Campaign, alice: Member, bob: Member
) -> None:
    task = campaign.tasks.first()
    held = AssignmentFactory.create(task=task, member=bob, state="submitted")
    JudgmentFactory.create(
        task=task, member=bob, assignment=held, active_ms=30_000, critique="Secret words."
    )
    task.open_places, task.judged = 1, 1
    task.save()
    secret = make_report_link(campaign=campaign, name="client", by=alice).secret
    answer = client.get(f"/report/{secret}/")
    page = answer.content.decode()
    assert "1 of 6 judgments are in." in page
    assert "30 s" in page
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    told = [bob.pseudonym, alice.pseudonym, "Secret words.", task.prompt.messages[0]["content"]]
    told += [each.content for each in task.completions.all()]
    assert [text for text in told if text in page] == []


def test_a_client_sees_how_far_people_agree_and_not_who(
    client: Client, campaign: Campaign, alice: Member, bob: Member
) -> None:
    """By the report that is stored, which names people and tasks."""
    secret = make_report_link(campaign=campaign, name="client", by=alice).secret
    assert "Agreement" not in client.get(f"/report/{secret}/").content.decode()
    people = [{"annotator": bob.pseudonym, "alpha": 0.5, "low": 0.3, "high": 0.7, "n": 9}]
    worst = [{"task": "6f8e2a52-0000-4000-8000-000000000000", "disagreement": 2.0}]
    figures = {"value": 0.5123, "low": 0.41, "high": 0.61, "n": 40}
    question = {
        "question": "factuality", "alpha": figures, "undefined": None, "verdict": "too_low",
        "answers": 1234, "people": people, "worst": worst, "pairs": [{"first": bob.pseudonym}],
    }  # fmt: skip
    nothing = dict.fromkeys(("value", "low", "high"))
    alone = question | {
        "question": "tone", "alpha": nothing, "undefined": "no_pairs", "verdict": "unsure",
    }  # fmt: skip
    now = timezone.now()
    for made_at, questions in ((now, [question, alone]), (None, [])):  # the newer is not done
        Report.objects.create(
            campaign=campaign, kind="agreement", created_by=alice, made_at=made_at,
            job=JobFactory.create(workspace=campaign.workspace), body={"questions": questions},
        )  # fmt: skip
    page = client.get(f"/report/{secret}/").content.decode()
    told = ["factuality", "0.512", "0.410 – 0.610", "too low to rely on", "1,234"]
    told += ["tone", "undefined, because nothing was answered by two people"]
    assert [text for text in told if text not in page] == []
    assert [text for text in (bob.pseudonym, worst[0]["task"], "below") if text in page] == []


def test_openings_are_counted(client: Client, campaign: Campaign, alice: Member) -> None:
    made = make_report_link(campaign=campaign, name="client", by=alice)
    for _ in range(2):
        client.get(f"/report/{made.secret}/")
    made.link.refresh_from_db()
    assert made.link.opens == 2
    assert made.link.last_opened_at is not None


def test_a_report_ends_when_revoked_or_over_and_not_with_its_maker(
    client: Client, campaign: Campaign, alice: Member, olga: Member
) -> None:
    made = make_report_link(campaign=campaign, name="client", by=alice)
    set_active(member=alice, active=False, by=olga)
    url = f"/report/{made.secret}/"
    assert client.get(url).status_code == 200
    ReportLink.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert client.get(url).status_code == 404
    ReportLink.objects.update(ends_at=None)
    client.force_login(olga.user)
    client.post(f"/w/acme/report-links/{made.link.uid}/revoke/")
    assert client.get(url).status_code == 404
    made.link.refresh_from_db()
    assert made.link.opens == 1
    verbs = Entry.objects.filter(verb__startswith="report_link.").values_list("verb", flat=True)
    assert sorted(verbs) == ["report_link.made", "report_link.revoked"]


def test_a_lead_makes_a_report_link_that_is_shown_once(
    client: Client, campaign: Campaign, alice: Member, bob: Member
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/report-links/"
    page = client.post(url, {"name": "the client"})
    address = page.context["address"]
    assert address in page.content.decode()
    assert address not in client.get(url).content.decode()
    assert client.get(address).status_code == 200
    assert "the client" in client.get(url).content.decode()
    past = {"name": "x", "ends_at": "2020-01-01T00:00"}
    assert client.post(url, past).status_code == 422
    client.force_login(bob.user)
    assert client.get(url).status_code == 403
