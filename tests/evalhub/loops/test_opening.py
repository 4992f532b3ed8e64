"""The campaign that a Round opens is for whom, for how long and for how much the policy says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import PayRate
from evalhub.common.errors import Forbidden
from evalhub.jobs.jobs import execute
from evalhub.loops import jobs
from evalhub.loops.models import Loop, Round
from evalhub.loops.services import edit_loop, start_round
from evalhub.valuing.queries import newest_job
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import without_torch

PAY = {"amount": "0.25", "currency": "EUR", "budget": "5"}


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def opened(erin: Member, folder: Path, **campaign: object) -> Round:
    return turned(start_round(loop=a_loop(erin, folder, campaign=campaign), by=erin))


def why(round_: Round) -> str:
    return str(round_.steps.get(kind="campaign").error)


def test_it_asks_by_decision_value_where_the_policy_says_so(erin: Member, tmp_path: Path) -> None:
    campaign = opened(erin, tmp_path, decision_value=True).campaign
    assert campaign is not None
    assert (campaign.valuation.by_lot, campaign.valuation.is_on) == (20, True)
    job = newest_job(campaign.valuation)
    assert job is not None
    execute(job.uid)
    campaign.valuation.refresh_from_db()
    assert campaign.valuation.figures["tasks"] == campaign.tasks.count()


def test_it_is_for_whom_the_policy_names(erin: Member, bob: Member, tmp_path: Path) -> None:
    round_ = opened(
        erin, tmp_path, people=[str(bob.uid)], groups=["nurses"], languages=["de"],
        qualifications=["medical"], max_share=50, days=7,
    )  # fmt: skip
    campaign = round_.campaign
    assert campaign is not None, why(round_)
    assert campaign.people == [bob.pk]
    assert (campaign.groups, campaign.languages) == (["nurses"], ["de"])
    assert (campaign.qualifications, campaign.max_share) == (["medical"], 50)
    assert campaign.closes_at is not None
    assert campaign.opened_at is not None
    assert (campaign.closes_at - campaign.opened_at).total_seconds() == pytest.approx(
        7 * 86_400, abs=60
    )


def test_somebody_who_judges_no_more_stops_the_step_by_name(
    erin: Member, charlie: Member, tmp_path: Path
) -> None:
    """charlie is of another workspace."""
    round_ = opened(erin, tmp_path, people=[str(charlie.uid)])
    assert f"names {charlie.uid}, who cannot judge in this workspace" in why(round_)


def test_a_budget_opens_as_many_tasks_as_it_pays_for(olga: Member, tmp_path: Path) -> None:
    """5 EUR at 0.25 for each of two judgments of a task: ten tasks of the 24."""
    round_ = opened(olga, tmp_path, overlap=2, pay=PAY)
    assert round_.campaign is not None, why(round_)
    assert round_.campaign.tasks.count() == 10
    rate = PayRate.objects.get(campaign=round_.campaign)
    assert (rate.amount, rate.currency, rate.unit) == (Decimal("0.25"), "EUR", "task")
    assert rate.created_by == olga


def test_a_budget_that_pays_for_no_task_says_so(olga: Member, tmp_path: Path) -> None:
    round_ = opened(olga, tmp_path, overlap=2, pay=PAY | {"budget": "0.40"})
    assert "does not pay for the 2 judgments of one prompt" in why(round_)


def test_a_round_that_began_by_itself_pays_in_the_name_of_who_keeps_the_policy(
    olga: Member, tmp_path: Path
) -> None:
    start = {"when": "any", "judgments": 1}
    loop = a_loop(olga, tmp_path, start=start, campaign={"pay": PAY})
    jobs.turn_all()
    assert turned(loop.rounds.get()).state == "succeeded"
    assert PayRate.objects.get().created_by == olga


def test_with_nobody_to_answer_for_it_nothing_is_paid(olga: Member, tmp_path: Path) -> None:
    loop = a_loop(olga, tmp_path, campaign={"pay": PAY})
    Loop.objects.update(kept_by=None)
    assert "Somebody must answer" in why(turned(start_round(loop=loop, by=None)))


def test_what_people_earn_is_a_leads_to_say(olga: Member, erin: Member, tmp_path: Path) -> None:
    loop = a_loop(olga, tmp_path, campaign={"pay": PAY})
    edit_loop(loop=loop, by=erin, policy=loop.policy | {"seed": 3})
    with pytest.raises(Forbidden, match="ask one to save it"):
        edit_loop(loop=loop, by=erin, policy=loop.policy | {"campaign": {}})
