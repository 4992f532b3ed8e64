"""What a campaign will take, told before and held against what came."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.choices import PayUnit
from evalhub.campaigns.models import Campaign, PayRate, Task
from evalhub.judgments.disagreeing import questions_of
from evalhub.judgments.models import PriceForecast
from evalhub.judgments.price import Rate, assuming, bill, history_of, price_of, seen_in
from evalhub.stats.growing import Grown
from tests.evalhub.judgments.test_pace import judged
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    JudgmentFactory,
    PreferenceFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db

HOUR = 3_600_000


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    made = CampaignFactory.create(workspace=alice.workspace, overlap=2, state="draft")
    TaskFactory.create_batch(50, campaign=made, overlap=2)
    return made


def compared(campaign: Campaign, member: Member, margins: list[int], ms: int) -> None:
    now = timezone.now() - timedelta(hours=1)
    for margin in margins:
        judgment = judged(member, campaign, now, active_ms=ms)
        first, second = (row.completion for row in judgment.task.placed.order_by("place"))
        PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)


def priced(campaign: Campaign, **more: Any) -> Any:
    asked = {"judgments": 100, "difference": 0.05, "overlap": 1, "people": None, "rate": Rate(20.0)}
    return price_of(campaign, history_of(campaign), **asked | more)


def test_like_campaigns_tell_time_and_ties(
    campaign: Campaign, bob: Member, charlie: Member
) -> None:
    assert history_of(campaign).assumed.source == "guess"
    other = CampaignFactory.create(workspace=campaign.workspace)
    compared(other, bob, [1, -1], 10_000)
    assert history_of(campaign).assumed.source == "type"
    like = CampaignFactory.create(
        workspace=campaign.workspace, rubric_version=campaign.rubric_version
    )
    compared(like, bob, [2, 0, -1], 30_000)
    compared(like, charlie, [1], 90_000)
    history = history_of(campaign)
    assumed = history.assumed
    assert (assumed.source, assumed.judgments) == ("rubric", 4)
    assert (assumed.ms_each, assumed.ties) == (45_000, 0.25)
    told = bill(history, 80, people=None, rate=Rate(20.0))
    assert (told.hours, told.cost) == (1.0, 20.0)
    assert told.hours_low is not None
    assert told.hours_high is not None
    assert 0 <= told.hours_low < 1 < told.hours_high
    CampaignFactory.create(type=campaign.type)  # of another workspace: never looked at
    assert history_of(campaign).assumed.judgments == 4


def test_what_somebody_knows_better_moves_the_whole_forecast(
    campaign: Campaign, bob: Member, charlie: Member
) -> None:
    like = CampaignFactory.create(workspace=campaign.workspace)
    compared(like, bob, [1, 1], 30_000)
    compared(like, charlie, [1, 1], 60_000)
    history = history_of(campaign)
    before = bill(history, 100, people=None, rate=Rate(1.0))
    after = bill(assuming(history, ms_each=90_000), 100, people=None, rate=Rate(1.0))
    assert after.hours == pytest.approx(2 * before.hours)
    assert after.hours_high == pytest.approx(2 * (before.hours_high or 0))


def test_the_number_of_judgments_follows_difference_and_overlap(campaign: Campaign) -> None:
    one, three = priced(campaign), priced(campaign, overlap=3)
    assert one.prompts == 628  # our guess: a fifth are ties
    assert one.needed.judgments == 628
    assert three.prompts < one.prompts < three.needed.judgments
    assert priced(campaign, difference=0.1).prompts == 157
    assert one.shows == pytest.approx(0.125, abs=0.001)


def test_ratings_compare_two_models_and_labels_compare_nothing(alice: Member, bob: Member) -> None:
    rating = CampaignFactory.create(workspace=alice.workspace, type="rating")
    criterion = CriterionFactory.create(version=rating.rubric_version, low=1, high=3)
    for value in (1, 3):
        judgment = judged(bob, rating, timezone.now(), active_ms=1000)
        completion = judgment.task.placed.get(place=0).completion
        RatingFactory.create(
            judgment=judgment, completion=completion, criterion=criterion, value=value
        )
    seen = seen_in(rating)
    assert seen.assumed.variance == 4  # 1 and 5 on a scale from 1 to 5
    told = price_of(
        rating, seen, judgments=0, difference=1.0, overlap=1, people=None, rate=Rate(1.0)
    )
    assert told.prompts == 63  # 7.85 times twice the variance
    assert told.needed is not None
    assert told.needed.judgments == 126
    label = CampaignFactory.create(workspace=alice.workspace, type="label")
    assert priced(label).needed is None


def test_the_page_reckons_keeps_and_holds_it_against_what_came(
    client: Client, alice: Member, bob: Member, charlie: Member, campaign: Campaign
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/price/"
    assert "these are guesses" in client.get(url).content.decode()
    like = CampaignFactory.create(
        workspace=campaign.workspace, rubric_version=campaign.rubric_version
    )
    compared(like, bob, [2, 0], 30_000)
    compared(like, charlie, [1, 1], 90_000)
    asked = {"difference": 5, "overlap": 2, "rate": 30, "unit": "hour", "ties": 0}
    page = client.get(url, asked).content.decode()
    for told in ("1.7 h", "By 4 judgments of campaigns on this rubric", "5 points away from 50 %"):
        assert told in page
    assert client.get(url, asked | {"correlation": 3}).status_code == 422
    assert client.post(url, asked).status_code == 302
    kept = PriceForecast.objects.get()
    assert (kept.judgments, kept.assumed["rate"], kept.assumed["ties"]) == (100, 30.0, 0.0)
    assert Entry.objects.filter(verb="campaign.price_kept").exists()
    compared(campaign, bob, [0], 72_000)
    Task.objects.filter(judgments__campaign=campaign).update(judged=1, open_places=0)
    after = client.get(url).content.decode()
    assert "Kept by alice" in after
    assert "1.2 min" in after
    assert (kept.cost, kept.cost_of(judgments=1, hours=0.02)) == (pytest.approx(50), 0.6)
    assert cells(after, "Cost") == ["34.00", "50.00", "0.60"]  # the form begins with 20 an hour
    assert cells(after, "How much alike two judgments of a task are")[-1] == "–"  # nobody can know
    client.force_login(bob.user)
    assert client.get(url).status_code == 403


def cells(page: str, head: str) -> list[str]:
    """What stands in the row of the table that begins with `head`."""
    row = re.search(rf'<th scope="row">{head}</th>(.*?)</tr>', page, re.DOTALL)
    assert row is not None
    found = re.findall(r"<td[^>]*>(.*?)</td>", row[1], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def test_so_much_a_task_costs_the_same_however_long_it_takes(
    client: Client, alice: Member, bob: Member, charlie: Member, campaign: Campaign
) -> None:
    """100 judgments at 0.25 EUR are 25 EUR, and nothing about that is uncertain."""
    PayRate.objects.create(
        campaign=campaign, unit="task", amount=Decimal("0.25"), currency="EUR", created_by=alice
    )
    like = CampaignFactory.create(
        workspace=campaign.workspace, rubric_version=campaign.rubric_version
    )
    compared(like, bob, [2, 0], 30_000)
    compared(like, charlie, [1, 1], 90_000)
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/price/"
    told = client.get(url)
    planned = told.context["price"].planned
    assert (planned.cost, planned.cost_low, planned.cost_high) == (25.0, None, None)
    assert planned.hours_low < planned.hours < planned.hours_high
    page = told.content.decode()
    assert cells(page, "Cost") == ["25.00 EUR", "–", "0.00 EUR"]
    # one judgment of each task there: how much two are alike is our guess, and said to be one
    assert cells(page, "How much alike two judgments of a task are")[0] == "0.30 a guess"
    assert cells(page, "Ties")[0] == "25 %"
    client.post(url, {"difference": 5, "overlap": 2, "rate": 0.25, "unit": "task"})
    assert PriceForecast.objects.get().cost == 25.0
    refused = client.get(url, {"difference": 5, "overlap": 2, "rate": 1, "unit": "month"})
    assert refused.status_code == 422


def test_where_tasks_grow_their_number_makes_the_cost_uncertain(campaign: Campaign) -> None:
    """100 to 140 judgments at 0.50 each."""
    told = price_of(
        campaign,
        history_of(campaign),
        judgments=100,
        difference=0.05,
        overlap=2,
        people=None,
        rate=Rate(0.5, PayUnit.TASK),
        grown=Grown(120, 100, 140),
    ).planned
    assert (told.cost_low, told.cost, told.cost_high) == (50.0, 60.0, 70.0)


def test_tasks_that_grow_where_people_disagree_are_priced_as_they_grew_before(
    client: Client, alice: Member, bob: Member, charlie: Member, campaign: Campaign
) -> None:
    """Half of the pairs were a draw of one to one: these ask for more, up to four."""
    campaign.most_overlap = 4
    campaign.save()
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/price/"
    asked = {"difference": 5, "overlap": 2, "rate": 30, "unit": "hour"}
    told = client.get(url, asked)
    assert "Nothing like it was judged here yet" in told.content.decode()
    assert told.context["price"].planned.judgments == 100
    like = CampaignFactory.create(
        workspace=campaign.workspace, rubric_version=campaign.rubric_version
    )
    for nth in range(20):
        task = TaskFactory.create(campaign=like, overlap=2)
        for member, margin in ((bob, 1), (charlie, 1 if nth % 2 else -1)):
            compared_in(task, member, margin)
    told = client.get(url, asked)
    planned = told.context["price"].planned
    assert planned.grown.low < planned.judgments < planned.grown.high
    assert 125 < planned.judgments < 155  # half of 50 tasks ask for 1 to 2 more
    assert planned.hours_low < planned.hours < planned.hours_high
    assert "Tasks begin with 2 and get up to 4 judgments" in told.content.decode()
    client.post(url, asked)
    assert PriceForecast.objects.get().judgments == planned.judgments
    Task.objects.filter(campaign=campaign).update(judged=2, open_places=0)
    assert client.get(url, asked).context["price"].planned.judgments == 100  # nothing is to come


def compared_in(task: Task, member: Member, margin: int) -> None:
    assignment = AssignmentFactory.create(task=task, member=member, state="submitted")
    judgment = JudgmentFactory.create(
        assignment=assignment,
        task=task,
        campaign=task.campaign,
        member=member,
        workspace=member.workspace,
        active_ms=36_000 if member.pseudonym < "m" else 72_000,
        submission_id=uuid4(),
    )
    first, second = (row.completion for row in task.placed.order_by("place"))
    PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)


def test_what_is_disagreed_about_is_each_question_of_each_response(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, type="ranking")
    scale = CriterionFactory.create(version=campaign.rubric_version, low=1, high=5)
    judgments = []
    for tiers, value in (((0, 0, 1), 4), ((1, 0, 2), None)):
        judgment = judged(bob, campaign, timezone.now())
        completions = CompletionFactory.create_batch(3, prompt=judgment.task.prompt)
        for completion, tier in zip(completions, tiers, strict=True):
            judgment.ranking.create(completion=completion, tier=tier)
        if value is not None:
            RatingFactory.create(
                judgment=judgment,
                completion=completions[0],
                criterion=scale,
                value=None,
                reason="other",
            )
            RatingFactory.create(
                judgment=judgment, completion=completions[1], criterion=scale, value=value
            )
        judgments.append(judgment.pk)
    first, rated = questions_of(judgments)  # nobody could tell of the first response
    assert (first.answers_J.tolist(), first.is_scale) == ([3.0, 2.0], False)  # the first two; one
    assert (rated.answers_J[0], np.isnan(rated.answers_J[1]), rated.is_scale) == (4, True, True)
