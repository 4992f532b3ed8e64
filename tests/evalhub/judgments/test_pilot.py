"""A pilot: the same tasks to everyone, and where they disagree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.errors import NotEligible, UnfitCampaign
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.guidelines import accept_guidelines
from evalhub.campaigns.services.pilots import start_pilot
from evalhub.campaigns.services.rates import set_pay_rate
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.pilot import disputed_in, questions_of
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from tests.evalhub.judgments.judging import say
from tests.factories import (
    CampaignFactory,
    CriterionFactory,
    GuidelinesFactory,
    MemberFactory,
    RubricVersionFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    made = CampaignFactory.create(
        workspace=alice.workspace, state="draft", title="Round 3", asks=["critique", "ratings"]
    )
    CriterionFactory.create(version=made.rubric_version, slug="clarity", low=1, high=5)
    typed = {"version": made.rubric_version, "required": False, "anchors": {}}
    CriterionFactory.create(
        slug="minutes", question="How long?", kind="number", low=0, high=60, **typed
    )
    CriterionFactory.create(slug="remark", question="What else?", kind="text", **typed)
    TaskFactory.create_batch(12, campaign=made, overlap=2)
    return made


def rated(clarity: int) -> list[dict[str, Any]]:
    return [
        {"criterion": "clarity", "value": clarity},
        {"criterion": "minutes", "value": 6 * clarity},
        {"criterion": "remark", "value": None, "comment": f"Clear, {clarity} times."},
    ]


def test_everybody_named_gets_the_same_tasks_and_nobody_else_any(
    campaign: Campaign, alice: Member, bob: Member, charlie: Member
) -> None:
    outsider = MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    colleague = MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    pilot = start_pilot(campaign=campaign, members=[bob, colleague], tasks=4, by=alice)
    assert (pilot.state, pilot.overlap, pilot.pilot_of) == ("open", 2, campaign)
    assert pilot.asks == campaign.asks
    say(pilot, bob, {}, ratings=rated(3))
    say(pilot, colleague, {}, ratings=rated(3))
    assert {task.judged for task in pilot.tasks.all()} == {2}
    assert pilot.tasks.count() == 4
    prompts = set(pilot.tasks.values_list("prompt", flat=True))
    assert prompts <= set(campaign.tasks.values_list("prompt", flat=True))
    with pytest.raises(NotEligible):
        claim_next(campaign=pilot, member_pk=outsider.pk)
    assert set(campaign.tasks.values_list("judged", flat=True)) == {0}
    assert Entry.objects.filter(verb="campaign.piloted").exists()


def test_a_pilot_needs_a_draft_tasks_and_two_people(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    olga = MemberFactory.create(workspace=bob.workspace, roles=["owner"])
    with pytest.raises(UnfitCampaign, match="two people"):
        start_pilot(campaign=campaign, members=[bob], tasks=4, by=alice)
    empty = CampaignFactory.create(workspace=alice.workspace, state="draft")
    with pytest.raises(UnfitCampaign, match="no tasks"):
        start_pilot(campaign=empty, members=[bob, olga], tasks=4, by=alice)
    Campaign.objects.update(state="open")
    campaign.refresh_from_db()
    with pytest.raises(UnfitCampaign, match="before a campaign is opened"):
        start_pilot(campaign=campaign, members=[bob, olga], tasks=4, by=alice)
    assert Campaign.objects.filter(pilot_of__isnull=False).count() == 0


def test_the_guidelines_are_read_in_the_pilot_too(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    campaign.guidelines = GuidelinesFactory.create(campaign=campaign, content="Read **this**.")
    campaign.save()
    other = MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    pilot = start_pilot(campaign=campaign, members=[bob, other], tasks=1, by=alice)
    assert pilot.guidelines is not None
    assert pilot.guidelines.content == "Read **this**."
    accept_guidelines(guidelines=pilot.guidelines, by=bob)
    assert claim_next(campaign=pilot, member_pk=bob.pk)


def test_the_worst_disagreement_comes_first_whatever_side_each_saw(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    other = MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    pilot = start_pilot(campaign=campaign, members=[bob, other], tasks=3, by=alice)
    opposed, near, same = pilot.tasks.order_by("pk").values_list("prompt", flat=True)
    say(pilot, bob, {opposed: "first", near: "first", same: "second"}, ratings=rated(4))
    say(pilot, other, {opposed: "second", near: "tie", same: "second"}, ratings=rated(5))
    found = disputed_in(pilot)
    assert [each.task.prompt_id for each in found] == [opposed, near, same]
    worst = found[0].rows[0]
    assert (worst.title, worst.spread) == ("Overall", 1.0)  # five steps, from one end to the other
    others = [round(row.spread, 2) for row in found[0].rows[1:]]
    assert others == [0.25, 0.25, 0.1, 0.1, 0, 0]  # words are never apart
    overall = next(row for row in found[1].rows if row.title == "Overall")
    assert overall.spread == 0.5
    agreed = next(row for row in found[2].rows if row.title == "Overall")
    assert (agreed.spread, {said.value for said in agreed.said}) == (0.0, {"B2"})
    assert found[0].critiques[0] == (bob, f"{bob} says first")
    titles = [(each.title, round(each.spread, 2), each.times) for each in questions_of(found)]
    assert titles[0] == ("Which response is better?", 0.5, 3)
    assert titles[1][1:] == (0.25, 6)


def test_what_a_pilot_says_is_in_no_dataset_that_does_not_name_it(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    other = MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    pilot = start_pilot(campaign=campaign, members=[bob, other], tasks=2, by=alice)
    say(pilot, bob, {}, ratings=rated(3))
    snapshot = take_snapshot(campaign.workspace)
    assert Judgment.objects.count() == 2
    assert Scope(snapshot, (Source.HUMAN,)).judgments().count() == 0
    named = Scope(snapshot, (Source.HUMAN,), campaigns=(pilot.uid,))
    assert named.judgments().count() == 2


def test_alice_pilots_rewords_takes_the_new_version_and_opens(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    other = MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/pilot/"
    assert "Try it out" in client.get(url).content.decode()
    assert client.post(url, {"tasks": 2, "people": [bob.uid]}).status_code == 422
    assert client.post(url, {"tasks": 2, "people": [bob.uid, other.uid]}).status_code == 302
    pilot = campaign.pilots.get()
    assert "0 of 4 judgments are in." in client.get(url).content.decode()
    first, second = pilot.tasks.order_by("pk").values_list("prompt", flat=True)
    say(pilot, bob, {first: "first", second: "first"}, ratings=rated(3))
    say(pilot, other, {first: "second", second: "first"}, ratings=rated(3))
    page = client.get(url).content.decode()
    for told in ("Disagreement 1", "On 1 task everybody says the same", f"{bob} says first"):
        assert told in page
    assert "Disagreement 2" not in page
    newer = RubricVersionFactory.create(rubric=campaign.rubric_version.rubric, number=2)
    assert f"Ask by {newer}" in client.get(url).content.decode()
    client.post(f"{url}version/")
    campaign.refresh_from_db()
    assert campaign.rubric_version == newer
    client.post(f"/w/acme/campaigns/{campaign.uid}/open/")
    page = client.get(url).content.decode()
    assert "a pilot comes before" in page
    assert client.post(url, {"tasks": 2, "people": [bob.uid, other.uid]}).status_code == 422
    client.force_login(bob.user)
    assert client.get(url).status_code == 403
    assert Task.objects.filter(campaign=campaign, judged__gt=0).count() == 0


def newest_rate(campaign: Campaign) -> tuple[Any, ...] | None:
    return campaign.pay_rates.values_list("amount", "currency", "unit").first()


def test_a_pilot_pays_as_the_campaign_that_it_is_for(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """From its first judgment, and by each later rate, until it has one of its own."""
    task, hour = (Decimal("0.25"), "EUR", "task"), (Decimal(20), "EUR", "hour")
    given = {"members": [alice, bob], "tasks": 2, "by": alice}
    before = start_pilot(campaign=campaign, **given)
    assert newest_rate(before) is None
    set_pay_rate(campaign=campaign, amount=task[0], currency="EUR", unit="task", by=alice)
    after = start_pilot(campaign=campaign, **given)
    assert [newest_rate(each) for each in (before, after)] == [task, task]
    for pilot in (before, after):
        assert pilot.pay_rates.get().since == pilot.created_at
    set_pay_rate(campaign=after, amount=Decimal(1), currency="EUR", unit="task", by=alice)
    set_pay_rate(campaign=campaign, amount=hour[0], currency="EUR", unit="hour", by=alice)
    assert newest_rate(before) == hour
    assert newest_rate(after) == (Decimal(1), "EUR", "task")


def test_a_pilots_price_begins_with_what_it_pays(
    client: Client, campaign: Campaign, alice: Member, bob: Member
) -> None:
    rate = {"amount": Decimal(31), "currency": "EUR", "unit": "hour"}
    set_pay_rate(campaign=campaign, by=alice, **rate)
    pilot = start_pilot(campaign=campaign, members=[alice, bob], tasks=2, by=alice)
    client.force_login(alice.user)
    page = client.get(f"/w/acme/campaigns/{pilot.uid}/price/")
    assert page.context["form"]["rate"].value() == 31
    assert "31 EUR / active hour" in page.content.decode()
