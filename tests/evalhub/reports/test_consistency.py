"""How steady people are: gold, repeats, the first place, haste; each figure with what is behind it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.steering import repeat_task
from evalhub.gold.models import Draw
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment, RankedCompletion
from evalhub.reports.choices import ReportKind
from evalhub.reports.consistency import consistency_report
from evalhub.reports.read import Read
from evalhub.reports.services import start_report
from evalhub.stats.proportions import score_interval
from tests import factories as make
from tests.conftest import cast_member

pytestmark = pytest.mark.django_db


def judged(
    task: Task, by: Member, margin: int, *, clarity: int | None = None, order: tuple[int, int] = (0, 1),
    active_ms: int | None = 60_000,
) -> Judgment:  # fmt: skip
    held = make.AssignmentFactory.create(
        task=task, member=by, state="submitted", permutation=[*order]
    )
    before = timezone.now() - timedelta(hours=1)
    judgment = make.JudgmentFactory.create(
        task=task, member=by, assignment=held, created_at=before, active_ms=active_ms
    )
    Task.objects.filter(pk=task.pk).update(judged=1, open_places=0)
    first, second = task.completions.order_by("placed__place")
    make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)
    if clarity is not None:
        criterion = task.campaign.rubric_version.criteria.get(slug="clarity")
        make.RatingFactory.create(
            judgment=judgment, completion=first, criterion=criterion, value=clarity
        )
    return judgment


def again(judgment: Judgment) -> Task:
    copy = repeat_task(task=judgment.task, member=judgment.member, due_at=timezone.now())
    Draw.objects.create(judgment=judgment, kind="repeat", task=copy)
    return copy


def of(person: Member, campaign: Campaign) -> dict[str, Any]:
    made = consistency_report(Read(campaign))
    return next(each for each in made["people"] if each["member"] == str(person.uid))


def test_repeats_are_compared_with_what_was_said_first(campaign: Campaign, person: Member) -> None:
    """Four tasks: first, first, second, second; again: first, second, second, second. Three times.

    9 of 12 alike; by hand p = 3/4, chance = (2/4)(1/4) + (2/4)(3/4) = 1/2, so kappa = 1/2.
    Clarity 4, then 5, once: not alike, and too little for a kappa.
    """
    for nth, (before, after) in enumerate(((2, 1), (1, -1), (-1, -2), (-2, -1)) * 3):
        first = judged(
            make.TaskFactory.create(campaign=campaign), person, before, clarity=None if nth else 4
        )
        judged(again(first), person, after, clarity=None if nth else 5)
    found = of(person, campaign)
    assert found["judgments"] == 24
    assert (found["repeats"]["part"], found["repeats"]["n"]) == (9, 13)
    by_name = {each["question"]: each for each in found["repeats"]["questions"]}
    assert by_name["overall"]["kappa"] == pytest.approx(0.5)
    assert by_name["overall"]["low"] < 0.5 < by_name["overall"]["high"]
    clarity = by_name["clarity"]
    assert (clarity["same"], clarity["n"], clarity["kappa"], clarity["low"]) == (0, 1, None, None)
    assert (clarity["undefined"], by_name["overall"]["undefined"]) == ("few_answers", None)
    changed = Judgment.objects.filter(uid__in=found["repeats"]["behind"])
    assert {each.task.kind for each in changed} == {"repeat"}
    assert changed.count() == 4


def test_of_repeats_what_could_not_be_told_either_time_is_missing(
    campaign: Campaign, person: Member
) -> None:
    for before, after in ((4, None), (None, 4), (None, None), (3, 3)):
        first = judged(make.TaskFactory.create(campaign=campaign), person, 1, clarity=3)
        second = judged(again(first), person, 1, clarity=3)
        for judgment, value in ((first, before), (second, after)):
            judgment.ratings.update(value=value, reason="" if value else "unclear")
    repeats = of(person, campaign)["repeats"]
    assert (repeats["n"], repeats["missing"]) == (4 + 1, 3)  # the preferences, and one rating


def test_a_pair_that_stood_the_other_way_round_tells_of_the_place_and_not_of_steadiness(
    campaign: Campaign, person: Member
) -> None:
    """Margins are towards the task's first, wherever it stood: of five pairs, two the same answer, twice
    what stood first, once what stood second. So of ten looks 1 + 1 + 2 + 2 + 0 = 6 went to the first."""
    for before, after in ((1, 1), (-1, -1), (1, -1), (1, -1), (-1, 1)):
        first = judged(make.TaskFactory.create(campaign=campaign), person, before, order=(0, 1))
        judged(again(first), person, after, order=(1, 0))
    found = of(person, campaign)
    assert found["repeats"] is None
    swapped = found["swapped"]
    assert (swapped["n"], swapped["alike"], swapped["first"], swapped["second"]) == (5, 2, 2, 1)
    assert swapped["value"] == pytest.approx(0.6)
    assert swapped["low"] < 0.5 < swapped["high"]
    assert len(swapped["behind"]) == 3
    assert found["position"]["n"] == 10, "both times"


def ranked(task: Task, by: Member, tiers: tuple[int, ...], order: tuple[int, ...]) -> Judgment:
    """`tiers` of the task's responses in its own order, wherever they were shown."""
    held = make.AssignmentFactory.create(
        task=task, member=by, state="submitted", permutation=[*order]
    )
    before = timezone.now() - timedelta(hours=1)
    judgment = make.JudgmentFactory.create(
        task=task, member=by, assignment=held, created_at=before, active_ms=60_000
    )
    for tier, completion in zip(tiers, task.completions.order_by("placed__place"), strict=True):
        RankedCompletion.objects.create(judgment=judgment, completion=completion, tier=tier)
    return judgment


def of_three(campaign: Campaign) -> Task:
    prompt = make.PromptFactory.create(collection__workspace=campaign.workspace)
    answers = [make.CompletionFactory.create(prompt=prompt) for _ in range(3)]
    return make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)


def test_rankings_are_compared_by_what_was_meant_and_not_by_place(
    campaign: Campaign, person: Member
) -> None:
    """Shown as before: two of three pairs alike. The other way round: once the same ranking of the same
    responses, and once the order of the page both times, so of three pairs each time the one above.

    The first went to what stood above in 3 of 6 looks, the second in 6 of 6: 0.75 on the mean of both.
    """
    Campaign.objects.update(type="ranking")
    first = ranked(of_three(campaign), person, (0, 1, 2), (0, 1, 2))
    ranked(again(first), person, (0, 2, 1), (0, 1, 2))
    meant = ranked(of_three(campaign), person, (2, 0, 1), (2, 1, 0))
    ranked(again(meant), person, (2, 0, 1), (0, 1, 2))
    followed = ranked(of_three(campaign), person, (0, 1, 2), (0, 1, 2))
    moved = ranked(again(followed), person, (2, 1, 0), (2, 1, 0))
    found = of(person, campaign)
    assert (found["repeats"]["part"], found["repeats"]["n"]) == (2, 3)
    swapped = found["swapped"]
    assert (swapped["n"], swapped["alike"], swapped["first"], swapped["second"]) == (6, 3, 3, 0)
    assert swapped["value"] == pytest.approx(0.75)
    two = score_interval(0.75, 2)  # as of two answers, not of six
    assert (swapped["low"], swapped["high"]) == (two.low, two.high)
    assert swapped["behind"] == [str(moved.uid)]
    assert found["position"] is None, "no first place of a pair"


def test_ties_either_way_round_are_the_same_answer_and_pull_nowhere(
    campaign: Campaign, person: Member
) -> None:
    first = judged(make.TaskFactory.create(campaign=campaign), person, 0, order=(1, 0))
    judged(again(first), person, 0, order=(0, 1))
    swapped = of(person, campaign)["swapped"]
    assert (swapped["n"], swapped["alike"], swapped["value"]) == (1, 1, 0.5)


def test_what_swapped_repeats_say_sharpens_the_pull_of_the_place(
    campaign: Campaign, person: Member
) -> None:
    """Of one who always takes the first; what a repeat in the same place says is not counted twice."""
    tasks = [judged(make.TaskFactory.create(campaign=campaign), person, 1) for _ in range(8)]
    alone = of(person, campaign)["position"]
    judged(again(tasks[0]), person, 1)
    assert of(person, campaign)["position"] == alone
    for first in tasks[1:]:
        judged(again(first), person, -1, order=(1, 0))
    sharper = of(person, campaign)["position"]
    assert (alone["n"], sharper["n"]) == (8, 15)
    assert sharper["value"] > alone["value"]
    assert sharper["error"] < alone["error"]


def test_a_revised_first_word_is_compared_as_it_stands_now(
    campaign: Campaign, person: Member
) -> None:
    first = judged(make.TaskFactory.create(campaign=campaign), person, -1)
    judged(again(first), person, 1)
    revised = make.JudgmentFactory.create(
        task=first.task, member=person, assignment=first.assignment, supersedes=first
    )
    was = first.preferences.get()
    make.PreferenceFactory.create(judgment=revised, first=was.first, second=was.second, margin=1)
    assert of(person, campaign)["repeats"]["part"] == 1


def test_the_pull_of_the_first_place_shows_in_whoever_follows_it(
    campaign: Campaign, person: Member
) -> None:
    """Thirty pairs: one person prefers what stands first each time, the other always the better."""
    steady = make.MemberFactory.create(workspace=campaign.workspace)
    for nth in range(30):
        task = make.TaskFactory.create(campaign=campaign, overlap=2)
        order = (0, 1) if nth % 2 else (1, 0)
        judged(task, person, 1 if nth % 2 else -1, order=order)
        judged(task, steady, 1, order=order)
    pulled, straight = (of(each, campaign)["position"] for each in (person, steady))
    assert pulled["low"] > 0.5
    assert straight["low"] < 0.5 < straight["high"]
    assert pulled["n"] == 30


def test_what_was_judged_faster_than_it_can_be_read_is_listed(
    campaign: Campaign, person: Member
) -> None:
    """Two responses of 100 words take 20 seconds at 10 words a second."""
    task, other = (make.TaskFactory.create(campaign=campaign) for _ in range(2))
    for each in (*task.completions.all(), *other.completions.all()):
        each.content = "word " * 100
        each.save()
    hasty = judged(task, person, 1, active_ms=19_000)
    judged(other, person, 1, active_ms=21_000)
    judged(make.TaskFactory.create(campaign=campaign), person, 1, active_ms=None)
    found = of(person, campaign)["hasty"]
    assert (found["part"], found["n"], found["missing"]) == (1, 2, 1)
    assert found["behind"] == [str(hasty.uid)]
    assert found["low"] < found["value"] == 0.5 < found["high"]


def test_gold_stands_beside_it_with_its_interval(campaign: Campaign, person: Member) -> None:
    """2 of 3 passed: Wilson gives 0.21 to 0.94. What was withdrawn does not count."""
    for passed in (True, True, False):
        make.GoldVerdictFactory.create(
            judgment__task__campaign=campaign, judgment__member=person, passed=passed
        )
    make.GoldVerdictFactory.create(
        judgment__task__campaign=campaign, judgment__member=person, withdrawn_at=timezone.now()
    )
    gold = of(person, campaign)["gold"]
    assert (gold["part"], gold["n"]) == (2, 3)
    assert (round(gold["low"], 2), round(gold["high"], 2)) == (0.21, 0.94)
    assert len(gold["behind"]) == 1


def test_a_page_has_fifty_people_and_leads_to_the_others(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalhub.reports.views.PEOPLE", 2)
    names = ("auk", "bee", "cod")
    for name in names:
        person = make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name)
        judged(make.TaskFactory.create(campaign=campaign), person, 1)
    lead = cast_member("lead", campaign.workspace, "lead")
    execute(start_report(campaign=campaign, kind=ReportKind.CONSISTENCY, by=lead).job.uid)
    client = Client()
    client.force_login(lead.user)
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/consistency/"
    first = client.get(page).text
    assert [f'title-{each}"' in first for each in _uids(names)] == [True, True, False]
    [following] = re.findall(r'href="(\?after=[^"]+)"', first)
    second = client.get(page + following).text
    assert [f'title-{each}"' in second for each in _uids(names)] == [False, False, True]
    assert "?after=" not in second


def _uids(names: Sequence[str]) -> list[str]:
    return [str(Member.objects.get(pseudonym=name).uid) for name in names]


def test_a_page_a_command_and_a_job(campaign: Campaign, person: Member) -> None:
    first = judged(make.TaskFactory.create(campaign=campaign), person, 1, clarity=3, active_ms=1)
    judged(again(first), person, -1, clarity=3)
    lead = cast_member("lead", campaign.workspace, "lead")
    client = Client()
    client.force_login(lead.user)
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/consistency/"
    assert client.post(page).status_code == 302
    execute(campaign.reports.get().job.uid)
    html = client.get(page).content.decode()
    assert "heron" in html
    assert "1 of 2" in html  # alike
    assert f"/judgments/{Judgment.objects.order_by('pk').last().uid}/" in html
    told = io.StringIO()
    call_command("report", "consistency", campaign=str(campaign.uid), json=True, stdout=told)
    assert json.loads(told.getvalue())["people"][0]["annotator"] == "heron"
    told = io.StringIO()
    call_command("report", "consistency", campaign=str(campaign.uid), stdout=told)
    assert "heron" in told.getvalue()


def test_nobody_yet(campaign: Campaign) -> None:
    assert consistency_report(Read(campaign))["people"] == []
