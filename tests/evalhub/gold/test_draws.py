"""Gold is mixed in for each person, at a rate, and no more people see one than the plan allows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Reservation, Task
from evalhub.campaigns.queries import progress_of
from evalhub.gold.choices import DrawKind
from evalhub.gold.jobs.draws import draw_gold, draw_repeat, follow_plan, is_drawn, tidy_places
from evalhub.gold.models import Attempt, Draw
from evalhub.gold.queries import rows_for
from evalhub.gold.services.plans import set_plan
from evalhub.gold.services.qualifications import end_attempt, set_qualification, start_attempt
from evalhub.judgments.models import Judgment
from tests.conftest import cast_member
from tests.evalhub.gold.conftest import gold_in, said
from tests.evalhub.judgments.conftest import client_of
from tests.factories import CampaignFactory, TaskFactory

pytestmark = pytest.mark.django_db


def drawing(campaign: Campaign, member: Member, kind: DrawKind = DrawKind.GOLD) -> Judgment:
    """A judgment of a normal task on which the lot falls, at 50 percent."""
    while True:
        judgment = said(TaskFactory.create(campaign=campaign, overlap=9), member, 1)
        if is_drawn(judgment.uid, kind, share=50):
            return judgment


def plan(campaign: Campaign, by: Member, share: int = 50, exposure: int | None = None) -> None:
    set_plan(campaign=campaign, share=share, exposure=exposure, by=by)


def claimed(api: APIClient, campaign: Campaign) -> str | None:
    answer = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json")
    return answer.json()["task"]["uid"] if answer.status_code == 200 else None


def test_without_a_plan_gold_is_claimed_like_any_task(campaign: Campaign, bob: Member) -> None:
    gold = gold_in(campaign)
    assert draw_gold(judgment=drawing(campaign, bob).uid) is None
    Task.objects.exclude(pk=gold.task.pk).update(open_places=0)
    assert claimed(client_of(bob), campaign) == str(gold.task.uid)


def test_with_a_plan_gold_comes_only_to_those_who_draw_it(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    gold, normal = gold_in(campaign), TaskFactory.create(campaign=campaign)
    plan(campaign, alice)
    gold.task.refresh_from_db()
    assert (gold.task.is_reserved, gold.task.overlap, gold.task.open_places) == (True, 0, 0)
    carol = cast_member("carol", bob.workspace, "annotator")
    judgment = drawing(campaign, bob)
    for _ in range(2):  # the news may come twice
        draw_gold(judgment=judgment.uid)
    assert Draw.objects.count() == 1
    Task.objects.exclude(pk__in=[gold.task.pk, normal.pk]).update(open_places=0)
    assert claimed(client_of(carol), campaign) == str(normal.uid)
    assert claimed(client_of(bob), campaign) == str(gold.task.uid)


def test_the_rate_is_the_plans() -> None:
    """Of 2,000 judgments 5 percent are 100; fewer than 60 or more than 140 come once in 10,000 runs."""
    lots = [Judgment().uid for _ in range(2000)]
    assert 60 < sum(is_drawn(uid, DrawKind.GOLD, share=5) for uid in lots) < 140
    assert not any(
        is_drawn(uid, DrawKind.GOLD, share=5) and not is_drawn(uid, DrawKind.GOLD, share=10)
        for uid in lots
    )


def test_nobody_gets_a_gold_twice_and_the_least_shown_comes_first(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    golds = [gold_in(campaign).task.pk for _ in range(2)]
    plan(campaign, alice)
    drawn = [draw_gold(judgment=drawing(campaign, bob).uid) for _ in range(3)]
    assert sorted(each.task_id for each in drawn if each) == golds
    assert drawn[2] is None


def test_no_more_people_see_a_gold_than_the_plan_allows(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    gold = gold_in(campaign)
    plan(campaign, alice, exposure=2)
    people = [bob, *(cast_member(name, bob.workspace, "annotator") for name in ("carol", "dora"))]
    drawn = [draw_gold(judgment=drawing(campaign, each).uid) for each in people]
    assert [each is not None for each in drawn] == [True, True, False]
    gold.task.refresh_from_db()
    assert gold.task.overlap == 2


def test_nobody_draws_what_an_exam_has_shown_them(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """Nor gold about the same prompt of another campaign; somebody else draws both."""
    gold = gold_in(campaign)
    exam = set_qualification(
        campaign=campaign, word="medicine", pass_mark=60, retry_days=7, by=alice
    )
    plan(campaign, alice)
    start_attempt(qualification=exam, by=bob)
    other = CampaignFactory.create(workspace=bob.workspace)
    same = gold_in(other, task__prompt=gold.task.prompt)
    plan(other, alice)
    carol = cast_member("carol", bob.workspace, "annotator")
    for where, task in ((campaign, gold.task), (other, same.task)):
        assert draw_gold(judgment=drawing(where, bob).uid) is None
        drawn = draw_gold(judgment=drawing(where, carol).uid)
        assert drawn is not None
        assert drawn.task_id == task.pk


def test_who_is_to_get_a_gold_and_sees_it_in_an_exam_counts_once(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    gold = gold_in(campaign)
    exam = set_qualification(
        campaign=campaign, word="medicine", pass_mark=60, retry_days=7, by=alice
    )
    plan(campaign, alice)
    assert draw_gold(judgment=drawing(campaign, bob).uid) is not None
    start_attempt(qualification=exam, by=bob)
    assert [row.shown for row in rows_for([gold])] == [1]


def test_who_saw_a_gold_in_an_exam_counts_among_those_who_were_shown_it(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    gold = gold_in(campaign)
    exam = set_qualification(
        campaign=campaign, word="medicine", pass_mark=60, retry_days=7, by=alice
    )
    plan(campaign, alice, exposure=1)
    carol, dan = (cast_member(name, bob.workspace, "annotator") for name in ("carol", "dan"))
    assert [row.shown for row in rows_for([gold])] == [0]
    attempt = start_attempt(qualification=exam, by=bob)
    assert [row.shown for row in rows_for([gold])] == [1]
    assert draw_gold(judgment=drawing(campaign, carol).uid) is None  # one person has seen it

    end_attempt(attempt=attempt, by=bob)  # and never looked at his copy
    assert [row.shown for row in rows_for([gold])] == [0]
    assert draw_gold(judgment=drawing(campaign, carol).uid) is not None
    assert draw_gold(judgment=drawing(campaign, dan).uid) is None


def test_a_person_who_had_a_gold_in_work_and_in_exams_counts_once(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    gold = gold_in(campaign)
    exam = set_qualification(
        campaign=campaign, word="medicine", pass_mark=60, retry_days=7, by=alice
    )
    for _ in range(2):
        attempt = start_attempt(qualification=exam, by=bob)
        said(attempt.tasks.get().task, bob, -1)
        end_attempt(attempt=attempt, by=bob)
        Attempt.objects.update(ended_at=timezone.now() - timedelta(days=30))
    assert [row.shown for row in rows_for([gold])] == [1]
    said(gold.task, bob, 1)
    assert [row.shown for row in rows_for([gold])] == [1]


def test_whose_answer_it_is_never_draws_it(campaign: Campaign, alice: Member, bob: Member) -> None:
    source = said(TaskFactory.create(campaign=campaign), bob, 1)
    gold_in(campaign, source=source)
    gold_in(campaign, written_by=bob)
    plan(campaign, alice)
    assert draw_gold(judgment=drawing(campaign, bob).uid) is None


def test_a_place_that_nobody_will_fill_is_taken_away(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """Skipped, or drawn a day ago and never fetched: else the campaign would never be finished."""
    skipped, forgotten = (gold_in(campaign).task for _ in range(2))
    plan(campaign, alice)
    for _ in range(2):
        draw_gold(judgment=drawing(campaign, bob).uid)
    Task.objects.filter(kind="normal").update(open_places=0)
    api = client_of(bob)
    lease = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json").json()
    url = f"/api/v1/assignments/{lease['assignment']}/skip"
    assert api.post(url, {"token": lease["token"]}, format="json").status_code < 300
    waiting = {row.task_id for row in Reservation.objects.all()}
    assert waiting == {skipped.pk, forgotten.pk} - {Task.objects.get(uid=lease["task"]["uid"]).pk}
    assert tidy_places() == 1
    Reservation.objects.update(due_at=timezone.now() - timedelta(days=2))
    assert tidy_places() == 1
    assert progress_of(campaign).waiting == 0


def test_a_plan_of_nothing_lets_everybody_claim_gold_again(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    campaign.overlap = 2
    campaign.save()
    gold = gold_in(campaign)
    plan(campaign, alice)
    draw_gold(judgment=drawing(campaign, bob).uid)
    plan(campaign, alice, share=0)
    gold.task.refresh_from_db()
    assert (gold.task.is_reserved, gold.task.overlap, gold.task.open_places) == (False, 2, 2)
    assert not Reservation.objects.exists()


def test_a_task_that_becomes_gold_follows_the_plan(campaign: Campaign, alice: Member) -> None:
    plan(campaign, alice)
    task = gold_in(campaign).task
    follow_plan(task=task)
    task.refresh_from_db()
    assert task.is_reserved


def test_a_task_is_asked_once_more_of_whoever_judged_it(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """Not before its hours have gone by, and never of anybody else."""
    set_plan(campaign=campaign, share=0, repeat_share=50, repeat_hours=24, by=alice)
    judgment = drawing(campaign, bob, DrawKind.REPEAT)
    for _ in range(2):
        draw_repeat(judgment=judgment.uid)
    repeat = Task.objects.get(kind="repeat")
    assert (repeat.prompt_id, repeat.overlap) == (judgment.task.prompt_id, 1)
    Task.objects.filter(kind="normal").update(open_places=0)
    api = client_of(bob)
    assert claimed(api, campaign) is None
    Reservation.objects.update(due_at=timezone.now())
    assert claimed(client_of(alice), campaign) is None
    assert claimed(api, campaign) == str(repeat.uid)
    assert draw_repeat(judgment=said(repeat, alice, 1).uid) is None  # no repeat of a repeat


@pytest.mark.parametrize("type_", ["comparison", "ranking"])
def test_a_repeat_stands_the_other_way_round_at_least_every_second_time(
    campaign: Campaign, alice: Member, bob: Member, type_: str
) -> None:
    """And is shown so; which one it is a lot decides wherever half are swapped."""
    Campaign.objects.update(type=type_)
    set_plan(campaign=campaign, share=0, repeat_share=50, repeat_hours=1, by=alice)
    known: list[bool | None] = []
    while len(known) < 6 or False not in known:
        judgment = drawing(campaign, bob, DrawKind.REPEAT)
        drawn = draw_repeat(judgment=judgment.uid)
        assert drawn is not None
        known.append(drawn.is_swapped)
        assert 2 * sum(map(bool, known)) >= len(known)
        shown = Reservation.objects.get(task=drawn.task).permutation
        assert judgment.assignment is not None
        before = judgment.assignment.permutation
        assert shown == (before[::-1] if drawn.is_swapped else before)
    assert known[0] is True
    Task.objects.filter(kind="normal").update(open_places=0)
    Reservation.objects.update(due_at=timezone.now())
    kept = {row.task_id: row.permutation for row in Reservation.objects.all()}
    claimed(client_of(bob), campaign)
    held = Assignment.objects.get(member=bob, state="held")
    assert held.permutation == kept[held.task_id]


def test_a_repeat_of_what_stands_alone_is_drawn_as_ever(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    set_plan(campaign=campaign, share=0, repeat_share=50, by=alice)
    Campaign.objects.update(type="rating")
    drawn = draw_repeat(judgment=drawing(campaign, bob, DrawKind.REPEAT).uid)
    assert drawn is not None
    assert drawn.is_swapped is None
    assert Reservation.objects.get(task=drawn.task).permutation is None
