"""A Loop pauses itself when people's judgments fall under a bar; a lead lets it go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.jobs.models import News
from evalhub.judgments.models import Judgment
from evalhub.loops import jobs
from evalhub.loops.errors import LoopNotPaused, LoopPaused, NoReason
from evalhub.loops.figures import falls_in
from evalhub.loops.models import Loop
from evalhub.loops.policy import read_policy
from evalhub.loops.services import let_go_on, start_round
from evalhub.notifications.models import Notification
from tests.evalhub.loops.scenes import a_loop, judged_by_two
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    CriterionFactory,
    FlagFactory,
    GoldVerdictFactory,
    JudgmentFactory,
    PreferenceFactory,
    RatingFactory,
    TaskFactory,
)


@pytest.fixture
def fallen(erin: Member, tmp_path: Path) -> Loop:
    """Its people agree on no more than half of what they judge."""
    loop = a_loop(erin, tmp_path, pause={"agreement": 0.8})
    judged_by_two(loop, alike=6, apart=6)
    assert jobs.turn_all() == 0
    loop.refresh_from_db()
    return loop


def test_it_says_why_and_tells_everybody_concerned_once(
    alice: Member, bob: Member, fallen: Loop
) -> None:
    assert fallen.paused_at is not None
    assert fallen.paused_why.startswith("Agreement is 0.")
    assert fallen.paused_why.endswith(", under 0.80.")
    assert Entry.objects.get(verb="loop.paused").details == {"why": fallen.paused_why}
    assert News.objects.get(topic="loop.paused").body["data"]["why"] == fallen.paused_why
    jobs.turn_all()
    told = Notification.objects.filter(topic="alert").order_by("member__pseudonym")
    assert [each.member.pseudonym for each in told] == ["alice", "erin"]
    assert told[0].sentence == f"“Main” is paused. {fallen.paused_why}"


def test_paused_it_starts_nothing_not_even_by_hand(fallen: Loop, erin: Member) -> None:
    with pytest.raises(LoopPaused, match="Agreement is 0"):
        start_round(loop=fallen, by=erin)
    assert not fallen.rounds.exists()


def test_a_lead_lets_it_go_on_with_a_reason_and_the_same_fall_pauses_it_no_more(
    fallen: Loop, alice: Member
) -> None:
    why = fallen.paused_why
    with pytest.raises(NoReason):
        let_go_on(loop=fallen, by=alice, reason="  ")
    loop = let_go_on(loop=fallen, by=alice, reason="A pilot of hard prompts")

    assert loop.paused_at is None
    entry = Entry.objects.get(verb="loop.let_go_on")
    assert (entry.actor, entry.details) == (
        "alice", {"reason": "A pilot of hard prompts", "was": why},
    )  # fmt: skip
    jobs.turn_all()
    loop.refresh_from_db()
    assert loop.paused_at is None
    with pytest.raises(LoopNotPaused):
        let_go_on(loop=loop, by=alice, reason="again")


def test_another_measure_pauses_it_all_the_same(fallen: Loop, alice: Member) -> None:
    let_go_on(loop=fallen, by=alice, reason="fine")
    fallen.refresh_from_db()
    campaign = next(iter(fallen.excused))
    for task in fallen.workspace.campaigns.get(uid=campaign).tasks.order_by("pk")[:2]:
        judge = Judgment.objects.filter(task=task).earliest("pk").member
        FlagFactory.create(task=task, member=judge, kind="unsafe")
    Loop.objects.update(policy=fallen.policy | {"pause": {"agreement": 0.8, "unsafe": 1}})
    jobs.turn_all()
    fallen.refresh_from_db()
    assert "flag unsafe content, over 1 %" in fallen.paused_why
    assert "agreement" not in fallen.paused_why.lower()


def test_each_figure_has_its_bar_and_too_few_judgments_say_nothing(alice: Member) -> None:
    """Gold: 1 of 4 passed. Unsafe: 1 of 5. Safety: 1, 1, 1, 3 of 1 to 5, one "cannot tell": 1.5."""
    campaign = CampaignFactory.create(workspace=alice.workspace)
    criterion = CriterionFactory.create(version=campaign.rubric_version, slug="safety")
    for value in (1, 1, 1, 3):
        task = TaskFactory.create(campaign=campaign, kind="gold")
        judgment = JudgmentFactory.create(task=task)
        RatingFactory.create(judgment=judgment, criterion=criterion, value=value)
        GoldVerdictFactory.create(judgment=judgment, passed=value == 3)
    unsure = JudgmentFactory.create(task=task)
    RatingFactory.create(judgment=unsure, criterion=criterion, value=None, reason="other")
    FlagFactory.create(task=task, member=judgment.member, kind="unsafe")
    FlagFactory.create(task=task, kind="unsafe")  # of somebody who did not judge it

    def falls(**bars: float) -> list[str]:
        told = falls_in(campaign, read_policy({"pause": bars}))
        return [fall.sentence for fall in told]

    assert falls(gold=80, unsafe=10, safety=3.5, fewest=4) == [
        "25 % of gold passed, under 80 %",
        "20.0 % of judgments flag unsafe content, over 10 %",
        "safety is rated 1.50 of 5 on average, under 3.5",
    ]
    assert falls(gold=25, unsafe=20, safety=1.5, fewest=4) == []
    assert falls(gold=80, unsafe=10, safety=3.5, fewest=6) == []


def test_bars_look_at_simulated_judgments_where_the_loop_learns_from_them(alice: Member) -> None:
    """Everything is bad: two judgments of each task that agree on nothing, no gold passed, all unsafe."""
    campaign = CampaignFactory.create(workspace=alice.workspace)
    criterion = CriterionFactory.create(version=campaign.rubric_version, slug="safety")
    for _ in range(3):
        task = TaskFactory.create(campaign=campaign, kind="gold")
        for value in (1, 2):
            held = AssignmentFactory.create(task=task, state="submitted")
            judgment = JudgmentFactory.create(
                task=task, assignment=held, member=held.member, source="simulated"
            )
            RatingFactory.create(judgment=judgment, criterion=criterion, value=value)
            PreferenceFactory.create(judgment=judgment, margin=2 if value == 1 else -2)
            GoldVerdictFactory.create(judgment=judgment, passed=False)
            FlagFactory.create(task=task, member=judgment.member, kind="unsafe")
    bars = {"agreement": 0.5, "gold": 50, "unsafe": 50, "safety": 3, "fewest": 2}

    assert falls_in(campaign, read_policy({"pause": bars})) == []
    learns = read_policy({"pause": bars, "accepts_simulated": True})
    assert [fall.measure for fall in falls_in(campaign, learns)] == [
        "agreement",
        "gold",
        "unsafe",
        "safety",
    ]


def test_the_page_shows_it_and_only_a_lead_has_the_button(
    fallen: Loop, alice: Member, erin: Member, client: Client
) -> None:
    address = reverse("loops:go_on", args=["acme", fallen.uid])
    client.force_login(erin.user)
    page = client.get(reverse("loops:detail", args=["acme", fallen.uid])).content.decode()
    assert fallen.paused_why in page
    assert address not in page
    assert client.post(address, {"reason": "please"}).status_code == 403
    client.force_login(alice.user)
    page = client.get(reverse("loops:detail", args=["acme", fallen.uid])).content.decode()
    assert address in page
    assert client.post(address, {"reason": "hard prompts"}).status_code == 302
    page = client.get(reverse("loops:detail", args=["acme", fallen.uid])).content.decode()
    assert "let it go on: hard prompts" in page


def test_the_api_lets_it_go_on(fallen: Loop, alice: Member, erin: Member, client: Client) -> None:
    address = f"/api/v1/loops/{fallen.uid}/go-on"
    for member, status in ((erin, 403), (alice, 200)):
        headers = {"authorization": f"Bearer {create_token(member=member, name='api').text}"}
        answer = client.post(
            address, {"reason": "fine"}, content_type="application/json", headers=headers
        )
        assert answer.status_code == status
    assert answer.json()["paused_at"] is None
