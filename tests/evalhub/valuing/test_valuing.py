"""What a campaign asks next, by decision value, and what a lot keeps apart from it."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.campaigns import close_campaign
from evalhub.campaigns.services.claim import claim_next
from evalhub.jobs import jobs as outbox
from evalhub.jobs.choices import JobState
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.judgments.models import Judgment
from evalhub.reports.leaderboard import BY_LOT, leaderboard_report
from evalhub.reports.read import Read
from evalhub.valuing.choices import VALUE, Aim
from evalhub.valuing.errors import CannotValue
from evalhub.valuing.jobs import STEP, interleaved
from evalhub.valuing.knowledge import Asked
from evalhub.valuing.models import ValuedTask
from evalhub.valuing.queries import newest_job
from evalhub.valuing.services import ask_by_value, stop_valuing
from tests.evalhub.valuing.scenes import LONG, SHORT, compared, judged, valued
from tests.factories import (
    CampaignFactory,
    ExclusionFactory,
    JudgmentFactory,
    PreferenceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace, hand_size=100)


def in_order(campaign: Campaign) -> list[int]:
    return list(Task.objects.filter(campaign=campaign).open().order_by("rank").values_list("pk", flat=True))  # fmt: skip


def test_what_is_settled_waits(campaign: Campaign) -> None:
    """Twenty judgments say that long answers are liked; nobody has said what a list is worth."""
    settled = compared(campaign, tasks=40, texts=(LONG, SHORT))
    asked_nowhere = compared(campaign, tasks=20, texts=("1. It is so.", "It is so."))
    judged(settled[:20])
    valuation = valued(ask_by_value(campaign=campaign, aim=Aim.DATA))
    rows = {row.task_id: row for row in ValuedTask.objects.all()}
    assert set(rows) == set(in_order(campaign))
    by_worth = [pk for pk in in_order(campaign) if not rows[pk].by_lot]
    assert by_worth[0] in {task.pk for task in asked_nowhere}
    worth = [rows[pk].worth for pk in by_worth]
    assert worth[0] == max(worth) > 0
    assert (valuation.figures["judgments"], valuation.figures["tasks"]) == (20, 40)
    assert valuation.figures["gain"] == pytest.approx(sum(worth[:50]))


def test_a_share_stands_where_the_lot_puts_it(campaign: Campaign) -> None:
    compared(campaign, tasks=60)
    valued(ask_by_value(campaign=campaign, by_lot=25))
    lots = dict(ValuedTask.objects.values_list("task_id", "by_lot"))
    drawn = [nth for nth, pk in enumerate(in_order(campaign)) if lots[pk]]
    assert 5 <= len(drawn) <= 27, "a quarter of sixty, but for chance"
    assert drawn[:5] == [3, 7, 11, 15, 19], "every fourth is one of them, while there are any"


def test_who_was_drawn_stays_drawn_and_the_next_turn_stands_behind(campaign: Campaign) -> None:
    tasks = compared(campaign, tasks=30)
    valuation = valued(ask_by_value(campaign=campaign))
    before = dict(ValuedTask.objects.values_list("task_id", "by_lot"))
    judged(tasks[:10])
    valued(ask_by_value(campaign=campaign))
    valuation.refresh_from_db()
    assert dict(ValuedTask.objects.values_list("task_id", "by_lot")) == before
    assert valuation.turn == 2
    assert valuation.last_judgment == Judgment.objects.latest("pk").pk
    lots = Task.objects.filter(campaign=campaign).open().values_list("lot", flat=True)
    assert min(lots) == 2 * STEP


def test_people_get_them_in_that_order_and_keep_what_they_hold(
    campaign: Campaign, bob: Member
) -> None:
    compared(campaign, tasks=12)
    first = claim_next(campaign=campaign, member_pk=bob.pk)
    assert first is not None
    valued(ask_by_value(campaign=campaign))
    wanted = [str(Task.objects.get(pk=pk).uid) for pk in in_order(campaign)]
    held, got = [first.assignment], []
    while (lease := claim_next(campaign=campaign, member_pk=bob.pk, holding=held)) is not None:
        held.append(lease.assignment)
        got.append(str(lease.task))
    assert got == wanted
    assert not ValuedTask.objects.filter(task__uid=first.task).exists(), "it had no place left"


def test_the_decisions_are_told_with_their_chance_of_being_wrong(campaign: Campaign) -> None:
    tasks = compared(campaign, tasks=40)
    one, other = (
        placed.completion.generation.model.name for placed in tasks[0].placed.order_by("place")
    )
    unsure = valued(ask_by_value(campaign=campaign)).figures
    assert unsure["orders"][0]["wrong"] == pytest.approx(0.5)
    assert unsure["pairs"]["wrong"] == pytest.approx(0.5)
    judged(tasks[:20])
    sure = valued(ask_by_value(campaign=campaign)).figures
    whole = next(each for each in sure["orders"] if not each["slice"])
    assert (whole["better"], whole["worse"]) == (one, other)
    assert whole["wrong"] < 0.1
    assert {each["slice"] for each in sure["orders"]} == {"", "topic=sea", "topic=sky"}
    assert sure["pairs"]["wrong"] < 0.3


def test_an_aim_is_what_counts(campaign: Campaign) -> None:
    """With one model's answers alone, or too few, no order of models is decided."""
    compared(campaign, tasks=4)
    figures = valued(ask_by_value(campaign=campaign, aim=Aim.MODELS)).figures
    assert (figures["orders"], figures["gain"]) == ([], 0)


def test_it_is_done_anew_after_so_many_judgments(campaign: Campaign, bob: Member) -> None:
    tasks = compared(campaign, tasks=30)
    valuation = valued(ask_by_value(campaign=campaign, every=10))
    judged(tasks[:9])
    _hear(campaign)
    assert Job.objects.filter(kind=VALUE).count() == 1
    judged(tasks[9:10])
    _hear(campaign)
    _hear(campaign)  # while it waits nobody asks twice
    assert Job.objects.filter(kind=VALUE).count() == 2
    assert valued(valuation).turn == 2
    stop_valuing(valuation=valuation)
    judged(tasks[10:20])
    _hear(campaign)
    assert Job.objects.filter(kind=VALUE).count() == 2


def _hear(campaign: Campaign) -> None:
    newest = Judgment.objects.filter(campaign=campaign).latest("pk")
    announce("judgment.counted", newest.uid, campaign=str(campaign.uid))
    outbox.deliver_waiting()


def test_judgments_of_earlier_campaigns_by_the_same_rubric_count(campaign: Campaign) -> None:
    earlier = CampaignFactory.create(
        workspace=campaign.workspace, rubric_version=campaign.rubric_version
    )
    of_another_rubric = CampaignFactory.create(workspace=campaign.workspace)
    for each in (earlier, of_another_rubric):
        judged(compared(each, tasks=4))
    compared(campaign, tasks=6)
    assert valued(ask_by_value(campaign=campaign)).figures["judgments"] == 4


def test_only_what_reports_count_is_known(campaign: Campaign, alice: Member) -> None:
    """A model's word is none of people's, and somebody who was left out of a campaign is left out here."""
    tasks = compared(campaign, tasks=8)
    judged(tasks[:2])
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=tasks[2], source="model"))
    said = JudgmentFactory.create(task=tasks[3])
    PreferenceFactory.create(judgment=said)
    ExclusionFactory.create(campaign=campaign, member=said.member, excluded_by=alice)
    assert valued(ask_by_value(campaign=campaign)).figures["judgments"] == 2


def test_a_cancelled_turn_leaves_every_task_to_be_asked(campaign: Campaign) -> None:
    compared(campaign, tasks=8)
    job = newest_job(ask_by_value(campaign=campaign))
    assert job is not None
    cancel_job(job=job, by=None)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert len(in_order(campaign)) == 8


def test_where_it_means_nothing_it_is_refused(campaign: Campaign) -> None:
    label = CampaignFactory.create(workspace=campaign.workspace, type="label")
    with pytest.raises(CannotValue, match="decide neither between models nor between answers"):
        ask_by_value(campaign=label)
    with pytest.raises(CannotValue, match="threshold is 6, but must be 1 to 5 points"):
        ask_by_value(campaign=campaign, threshold=6)
    valued(ask_by_value(campaign=campaign, by_lot=20))
    with pytest.raises(CannotValue, match="leave the share at 20"):
        ask_by_value(campaign=campaign, by_lot=30)
    close_campaign(campaign=campaign, by=None)
    with pytest.raises(CannotValue, match="is closed"):
        ask_by_value(campaign=campaign)


@pytest.mark.parametrize("share", [5, 20, 33, 100])
def test_both_are_mixed_evenly(share: int) -> None:
    valued_, drawn = ([Asked(key, ()) for key in range(start, start + 200)] for start in (0, 1000))
    order = [each.key for each in interleaved(valued_, drawn, share=share)]
    assert sorted(order) == [*range(200), *range(1000, 1200)]
    for upto in range(1, 200):
        lots = sum(key >= 1000 for key in order[:upto])
        assert lots == upto * share // 100


def test_a_leaderboard_of_what_the_lot_chose_stands_beside(campaign: Campaign) -> None:
    tasks = compared(campaign, tasks=40)
    valued(ask_by_value(campaign=campaign, by_lot=50))
    judged(tasks)
    lots = set(ValuedTask.objects.filter(by_lot=True).values_list("task_id", flat=True))
    boards = {each["question"]: each for each in leaderboard_report(Read(campaign))["boards"]}
    assert (boards["overall"]["judgments"], boards[BY_LOT]["judgments"]) == (40, len(lots))


def test_the_command_values_and_tells(campaign: Campaign) -> None:
    compared(campaign, tasks=12)
    out = StringIO()
    given = {"workspace": campaign.workspace.slug, "campaign": str(campaign.uid)}
    call_command("value_tasks", **given, json=True, stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["turn"], told["state"], told["figures"]["tasks"]) == (1, "succeeded", 12)
    call_command("value_tasks", **given, stop=True, json=True, stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["is_on"] is False
    with pytest.raises(CommandError, match="No campaign"):
        call_command("value_tasks", workspace=given["workspace"], campaign="0" * 32)
