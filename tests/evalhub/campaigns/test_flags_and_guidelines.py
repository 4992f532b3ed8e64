"""The leads' queue of flags, and guidelines in versions."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Flag, Guidelines
from evalhub.campaigns.services.flags import raise_flag
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    CriterionFactory,
    GuidelinesFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db
FLAGS = "/w/acme/flags/"


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace, title="Round 2")


@pytest.fixture
def lead(client: Client, alice: Member) -> Client:
    client.force_login(alice.user)
    return client


def flagged(campaign: Campaign, member: Member, kind: str = "question", text: str = "Why?") -> Flag:
    held = AssignmentFactory.create(task=TaskFactory.create(campaign=campaign), member=member)
    return raise_flag(assignment=held, kind=kind, text=text, by=member)


def test_open_flags_say_what_who_and_about_which_prompt(
    lead: Client, bob: Member, campaign: Campaign
) -> None:
    flag = flagged(campaign, bob, text="Is sarcasm rude?")
    html = lead.get(FLAGS).content.decode()
    for words in ("a question to the leads", "Is sarcasm rude?", "bob", "Round 2"):
        assert words in html
    assert f"/w/acme/prompts/{flag.task.prompt.uid}/" in html
    shown = lead.get(f"/w/acme/tasks/{flag.task.uid}/").content.decode()
    for placed in flag.task.placed.select_related("completion"):
        assert placed.completion.content in shown  # though nobody has judged it yet
    assert f"/w/acme/tasks/{flag.task.uid}/" in html


def test_an_answer_settles_it_once(lead: Client, bob: Member, campaign: Campaign) -> None:
    flag = flagged(campaign, bob)
    url = f"{FLAGS}{flag.uid}/answer/"
    assert "Write the answer" in lead.post(url, {"answer": " "}, follow=True).content.decode()
    lead.post(url, {"answer": "Only at somebody."})
    again = lead.post(url, {"answer": "Or never."}, follow=True).content.decode()
    assert "answered already" in again
    assert "No open flags" in again
    flag.refresh_from_db()
    assert flag.answer == "Only at somebody."
    assert "Only at somebody." in lead.get(f"{FLAGS}?show=answered").content.decode()
    assert Entry.objects.filter(verb="flag.answered").count() == 1


def test_a_flag_that_is_no_question_needs_no_words(
    lead: Client, bob: Member, campaign: Campaign
) -> None:
    flag = flagged(campaign, bob, kind="unsafe", text="")
    lead.post(f"{FLAGS}{flag.uid}/answer/", {"answer": ""})
    flag.refresh_from_db()
    assert flag.answered_at is not None


def test_a_broken_task_is_taken_out_of_the_work_with_the_answer(
    lead: Client, bob: Member, campaign: Campaign
) -> None:
    flag = flagged(campaign, bob, text="There is no answer to judge.")
    url = f"{FLAGS}{flag.uid}/answer/"
    assert "Archive the task" in lead.get(FLAGS).content.decode()
    lead.post(url, {"answer": "", "archives": "on"})  # a question needs words: nothing happens
    flag.task.refresh_from_db()
    assert flag.task.archived_at is None
    lead.post(url, {"answer": "You are right.", "archives": "on"})
    flag.task.refresh_from_db()
    assert flag.task.archived_at is not None
    assert "archived" in lead.get(f"{FLAGS}?show=answered").content.decode()
    assert Entry.objects.filter(verb="task.archived").count() == 1


def test_the_queue_is_narrowed_to_a_campaign_which_counts_its_own(
    lead: Client, bob: Member, campaign: Campaign
) -> None:
    flagged(campaign, bob, text="One of ours")
    other = flagged(CampaignFactory.create(workspace=bob.workspace), bob, text="Another’s")
    html = lead.get(f"{FLAGS}?campaign={campaign.uid}").content.decode()
    assert "One of ours" in html
    assert "Another’s" not in html
    assert "1 open" in lead.get(f"/w/acme/campaigns/{campaign.uid}/").content.decode()
    back = lead.post(f"{FLAGS}{other.uid}/answer/", {"answer": "Yes.", "campaign": "1"})
    assert back["location"] == f"{FLAGS}?campaign={other.campaign.uid}"
    for odd in ("x", "6f8e2a52-0000-4000-8000-000000000000"):
        assert lead.get(f"{FLAGS}?campaign={odd}").status_code == 404


def test_only_leads_of_the_workspace_see_and_answer_flags(
    client: Client, bob: Member, erin: Member, charlie: Member, campaign: Campaign
) -> None:
    flag = flagged(campaign, bob)
    for member, status in ((bob, 403), (erin, 403), (charlie, 404)):
        client.force_login(member.user)
        assert client.get(FLAGS).status_code == status
        assert client.post(f"{FLAGS}{flag.uid}/answer/", {"answer": "x"}).status_code == status
    client.force_login(charlie.user)
    answer = client.post(f"/w/elsewhere/flags/{flag.uid}/answer/", {"answer": "x"})
    assert answer.status_code in (403, 404)
    assert Flag.objects.open().get() == flag


# Guidelines


def edit_url(campaign: Campaign) -> str:
    return f"/w/acme/campaigns/{campaign.uid}/guidelines/edit/"


def test_saving_makes_a_new_version_that_is_accepted_anew(
    lead: Client, bob: Member, campaign: Campaign
) -> None:
    first = GuidelinesFactory.create(campaign=campaign)
    first.acceptances.create(member=bob)
    html = lead.get(edit_url(campaign)).content.decode()
    assert "Be **kind**." in html
    assert "accepted by 1" in html
    answer = lead.post(
        edit_url(campaign), {"content": "Be *exact*.", "consent": "I am paid."}, follow=True
    ).content.decode()
    assert "accepted by 0" in answer
    newest = Guidelines.objects.get(number=2)
    campaign.refresh_from_db()
    assert (campaign.guidelines, newest.consent) == (newest, "I am paid.")
    shown = lead.get(f"/w/acme/campaigns/{campaign.uid}/guidelines/").content.decode()
    assert "<em>exact</em>" in shown
    assert "Version 2" in shown


def test_guidelines_that_say_nothing_are_refused(lead: Client, campaign: Campaign) -> None:
    answer = lead.post(edit_url(campaign), {"content": " ", "consent": ""})
    assert answer.status_code == 422
    assert not Guidelines.objects.exists()


def test_only_leads_edit_guidelines(
    client: Client, bob: Member, erin: Member, campaign: Campaign
) -> None:
    for member in (bob, erin):
        client.force_login(member.user)
        assert client.post(edit_url(campaign), {"content": "x"}).status_code == 403


def test_guidelines_show_each_kind_of_question_as_it_is_answered(
    client: Client, bob: Member, campaign: Campaign
) -> None:
    version = campaign.rubric_version
    version.error_types = [{"slug": "false", "name": "False", "description": "It is not so."}]
    version.save()
    make = {"version": version, "cannot_tell": False}
    CriterionFactory.create(kind="yes_no", low=0, high=1, anchors={"0": "", "1": "Polite."}, **make)
    CriterionFactory.create(
        kind="choice", low=1, high=2, anchors={"1": "A poem", "2": "A letter"}, **make
    )
    Campaign.objects.update(asks=["critique", "spans"])
    client.force_login(bob.user)
    html = client.get(f"/w/acme/campaigns/{campaign.uid}/guidelines/").content.decode()
    assert "<b>yes</b> <span>Polite.</span>" in html
    assert "<b>no</b>" in html
    assert "<li>A poem</li>" in html
    assert "It is not so." in html
    assert "mark passages" in html


def test_a_campaigns_page_says_what_it_asks(lead: Client, campaign: Campaign) -> None:
    Campaign.objects.update(
        asks=["criteria", "correction"], preference_steps=7, content_warning="Cruel.",
        allows_revision=False,
    )  # fmt: skip
    html = lead.get(f"/w/acme/campaigns/{campaign.uid}/").content.decode()
    for words in (
        "a preference on each criterion",
        "a better version of a response",
        "<dd>7</dd>",
        "Cruel.",
        "What is submitted stays.",
    ):
        assert words in html
