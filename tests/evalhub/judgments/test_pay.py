"""What work earns, and the pay runs that pay it: each judgment once, corrections later."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.errors import UnfitPayRate
from evalhub.campaigns.models import Campaign, PayRate
from evalhub.campaigns.services.rates import set_pay_rate
from evalhub.common.money import amount_of, in_smallest_unit
from evalhub.common.spreadsheets import csv_lines
from evalhub.judgments.errors import NothingToPay, PeriodNotOver
from evalhub.judgments.models import Judgment, PaidJudgment, PayRun
from evalhub.judgments.pay.earned import Between, Earned, earned_by_each, earned_in, worth
from evalhub.judgments.pay.own import earnings_of
from evalhub.judgments.pay.runs import lines_of, payroll_of
from evalhub.judgments.services.pay import close_pay_run
from evalhub.judgments.services.returns import return_judgment
from tests.evalhub.judgments.conftest import client_of
from tests.factories import AssignmentFactory, JudgmentFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LONG_AGO = NOW - timedelta(days=400)


@pytest.fixture
def campaign(campaign: Campaign) -> Campaign:
    Campaign.objects.filter(pk=campaign.pk).update(created_at=LONG_AGO)
    campaign.refresh_from_db()
    return campaign


def rate(
    campaign: Campaign, by: Member, amount: str, unit: str = "task", since: datetime = LONG_AGO
) -> PayRate:
    return PayRate.objects.create(
        campaign=campaign,
        amount=Decimal(amount),
        currency="EUR",
        unit=unit,
        since=since,
        created_by=by,
    )


def judged(campaign: Campaign, member: Member, *, days: float = 1, **more: Any) -> Judgment:
    """So many days ago; 36 active seconds within a minute."""
    when = timezone.now() - timedelta(days=days)
    task = TaskFactory.create(campaign=campaign, judged=1, open_places=0)
    held = AssignmentFactory.create(task=task, member=member, state="submitted")
    given = {"active_ms": 36_000, "wall_ms": 60_000, "judged_at": when, "created_at": when}
    return JudgmentFactory.create(task=task, member=member, assignment=held, **given | more)


def revised(judgment: Judgment, **more: Any) -> Judgment:
    same = {"task": judgment.task, "member": judgment.member, "assignment": judgment.assignment}
    return JudgmentFactory.create(supersedes=judgment, **same | more)


def earned(campaign: Campaign) -> list[Earned]:
    return earned_in(campaign.workspace, begin=None, end=timezone.now())


def closed(campaign: Campaign, by: Member, *, days: float) -> PayRun:
    ends_at = timezone.now() - timedelta(days=days)
    return close_pay_run(workspace=campaign.workspace, ends_at=ends_at, by=by)


def test_a_judgment_is_paid_by_the_rate_that_stood(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    rate(campaign, alice, "0.10", since=NOW - timedelta(days=10))
    rate(campaign, alice, "20", "hour", since=NOW - timedelta(days=5))
    judged(campaign, bob, days=20)  # nothing was paid then
    for _ in range(3):
        judged(campaign, bob, days=7)
    judged(campaign, bob, days=2)
    judged(campaign, bob, days=1, active_ms=None)
    by_task, by_hour = earned(campaign)
    assert (by_task.judgments, by_task.amount) == (3, 30)
    assert (by_hour.judgments, by_hour.active_ms, by_hour.untimed) == (2, 36_000, 1)
    assert by_hour.amount == 20  # 36 s of 20 EUR an hour


def test_time_is_never_more_than_the_server_saw(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    rate(campaign, alice, "20", "hour")
    judged(campaign, bob, active_ms=3_600_000, wall_ms=60_000)
    assert earned(campaign)[0].active_ms == 60_000


def test_only_what_people_did_and_what_counts_is_paid(
    campaign: Campaign, bob: Member, alice: Member, settings: Any
) -> None:
    settings.EVALHUB_UNDO_SECONDS = 30
    rate(campaign, alice, "1")
    paid = judged(campaign, bob)
    revised(paid)  # a change of mind is no second task
    for source in ("model", "simulated"):
        judged(campaign, bob, source=source)
    JudgmentFactory.create(task__campaign=campaign, member=bob, source="imported")
    judged(campaign, bob, is_extra=True)
    judged(campaign, bob, days=0)  # can still be withdrawn
    again = judged(campaign, bob, withdrawn_at=NOW)
    JudgmentFactory.create(
        task=again.task, member=bob, assignment=again.assignment, created_at=again.created_at
    )
    judged(campaign, bob, withdrawn_at=NOW)
    [line] = earned(campaign)
    assert (line.judgments, line.extra, line.withdrawn, line.returned) == (2, 1, 1, 0)
    assert line.amount == 200


def test_gold_and_repeats_are_work(campaign: Campaign, bob: Member, alice: Member) -> None:
    rate(campaign, alice, "1")
    for kind in ("gold", "repeat"):
        judgment = judged(campaign, bob)
        judgment.task.kind = kind
        judgment.task.save()
    assert earned(campaign)[0].judgments == 2


def test_what_is_returned_is_not_paid_until_it_is_redone(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    rate(campaign, alice, "1")
    judgment = judged(campaign, bob)
    return_judgment(judgment=judgment, reason="Read it.", by=alice)
    [line] = earned(campaign)
    assert (line.judgments, line.returned, line.amount) == (0, 1, 0)
    told = earnings_of(bob)
    assert told is not None
    assert (told.returned, told.in_all) == (1, {})
    revised(judgment)
    [line] = earned(campaign)
    assert (line.judgments, line.returned, line.amount) == (1, 0, 100)


def test_a_run_pays_each_judgment_once(
    campaign: Campaign, bob: Member, alice: Member, olga: Member
) -> None:
    rate(campaign, alice, "0.10")
    judged(campaign, bob, days=9)
    judged(campaign, bob, days=3)
    first = closed(campaign, olga, days=5)
    assert [(line.judgments, line.amount) for line in lines_of(first)] == [(1, 10)]
    second = closed(campaign, olga, days=2)
    assert second.begins_at == first.ends_at
    assert [(line.judgments, line.is_correction) for line in lines_of(second)] == [(1, False)]
    with pytest.raises(NothingToPay):
        closed(campaign, olga, days=1)
    assert PayRun.objects.count() == 2
    assert PaidJudgment.objects.count() == 2
    assert Entry.objects.filter(verb="pay_run.closed").latest("pk").details["sums"] == {
        "EUR": "0.10"
    }


def test_what_changes_after_a_run_is_corrected_by_the_next(
    campaign: Campaign, bob: Member, alice: Member, olga: Member
) -> None:
    rate(campaign, alice, "2")
    spoiled, late = judged(campaign, bob, days=9), judged(campaign, bob, days=9)
    return_judgment(judgment=late, reason="Read it.", by=alice)
    closed(campaign, olga, days=8)
    return_judgment(judgment=spoiled, reason="Read it.", by=alice)
    revised(late)
    judged(campaign, bob, days=7)
    judged(campaign, bob, days=7)
    second = closed(campaign, olga, days=6)
    told = [(line.is_correction, line.judgments, line.amount) for line in lines_of(second)]
    assert sorted(told) == [(False, 2, 400), (True, 0, 0)]  # one back, one paid late
    revised(spoiled)
    third = closed(campaign, olga, days=5)
    assert [(row.is_correction, row.amount) for row in lines_of(third)] == [(True, 200)]
    total = sum(line.amount for run in PayRun.objects.all() for line in lines_of(run))
    assert total == sum(line.amount for line in earned(campaign)) == 800


def test_a_run_may_take_back_more_than_it_pays(
    campaign: Campaign, bob: Member, alice: Member, olga: Member
) -> None:
    rate(campaign, alice, "20", "hour")
    judgment = judged(campaign, bob, days=9)
    closed(campaign, olga, days=8)
    return_judgment(judgment=judgment, reason="Read it.", by=alice)
    [line] = lines_of(closed(campaign, olga, days=7))
    assert (line.judgments, line.active_ms, line.amount) == (-1, -36_000, -20)
    now = timezone.now()
    assert payroll_of(campaign.workspace, Between(None, now), end=now).coming == []


def test_a_run_ends_in_the_past_and_after_the_one_before(
    campaign: Campaign, bob: Member, alice: Member, olga: Member
) -> None:
    rate(campaign, alice, "1")
    judged(campaign, bob, days=9)
    with pytest.raises(PeriodNotOver):
        closed(campaign, olga, days=0)
    closed(campaign, olga, days=3)
    with pytest.raises(PeriodNotOver):
        closed(campaign, olga, days=4)
    first = PayRun.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():  # two firsts, or a fork
        PayRun.objects.create(
            workspace=campaign.workspace, begins_at=None, ends_at=NOW, closed_by=olga
        )
    assert first.begins_at is None


def test_sums_are_exact_in_each_currency() -> None:
    """0.125 EUR a task: three are 37.5 cents, which are rounded once, to 38."""
    third = PayRate(amount=Decimal("0.125"), currency="EUR", unit="task")
    assert worth(third, judgments=3, active_ms=0) == 38
    yen = PayRate(amount=Decimal("1500"), currency="JPY", unit="hour")
    assert worth(yen, judgments=9, active_ms=1_800_000) == 750
    assert in_smallest_unit(Decimal("1.2345"), "KWD") == 1235
    assert str(amount_of(1230, "EUR")) == "12.30"
    assert str(amount_of(-20, "EUR")) == "-0.20"


def test_a_lead_sets_a_rate_and_never_changes_one(
    client: Client, campaign: Campaign, alice: Member, bob: Member
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/pay/"
    judged(campaign, bob)
    asked = {"amount": "0.2", "currency": "EUR", "unit": "task", "from_the_start": "on"}
    assert client.post(url, asked).status_code == 302
    assert [line.amount for line in earned(campaign)] == [20]
    assert "from_the_start" not in client.get(url).context["form"].fields
    client.post(url, {"amount": "9", "currency": "USD", "unit": "hour"})
    assert [str(each) for each in campaign.pay_rates.order_by("since")] == [
        "0.2000 EUR per task",
        "9.0000 USD per hour",
    ]
    assert [line.amount for line in earned(campaign)] == [20]
    assert client.post(url, {"amount": "-1", "currency": "EUR", "unit": "task"}).status_code == 422
    with pytest.raises(UnfitPayRate):
        set_pay_rate(
            campaign=campaign, amount=Decimal(1), currency="EUR", unit="task", by=alice,
            from_the_start=True,
        )  # fmt: skip
    verbs = Entry.objects.filter(verb="campaign.pay_rate_set").values_list("details", flat=True)
    assert verbs[0]["rate"] == "9 USD / hour"


def test_the_payroll_page_closes_a_run_that_stays(
    client: Client, campaign: Campaign, bob: Member, alice: Member, olga: Member
) -> None:
    rate(campaign, alice, "0.10")
    judged(campaign, bob, days=2)
    client.force_login(olga.user)
    page = client.get("/w/acme/pay/?begin=2020-01-01&end=2100-01-01")
    assert "0.10 EUR" in page.content.decode()
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    answer = client.post("/w/acme/pay-runs/close/", {"end": day}, follow=True)
    assert "0.10 EUR" in answer.content.decode()
    run = PayRun.objects.get()
    sheet = b"".join(client.get(f"/w/acme/pay-runs/{run.uid}/csv/").streaming_content).decode()
    [row] = csv.DictReader(StringIO(sheet.removeprefix("\ufeff")))
    assert (row["pseudonym"], row["user_name"], row["amount"]) == ("bob", "bob", "0.10")
    twice = client.post("/w/acme/pay-runs/close/", {"end": day}, follow=True)
    assert "after the one before it" in twice.content.decode()
    client.force_login(alice.user)
    assert client.get("/w/acme/pay/").status_code == 403
    client.force_login(bob.user)
    assert "0.10 EUR" in client.get("/w/acme/my-work/").content.decode()


def test_the_api_tells_owners_what_is_to_be_paid(
    campaign: Campaign, bob: Member, alice: Member, olga: Member, charlie: Member
) -> None:
    rate(campaign, alice, "0.10")
    judged(campaign, bob, days=2)
    run = closed(campaign, olga, days=1)
    api = client_of(olga)
    [line] = api.get("/api/v1/pay?from=2020-01-01").json()["lines"]
    assert (line["pseudonym"], line["amount"], line["returned"]) == ("bob", "0.10", 0)
    assert api.get("/api/v1/pay?to=2020-01-01").json() == {"lines": []}
    assert api.get("/api/v1/pay?to=soon").json()["field"] == "to"
    assert [row["uid"] for row in api.get("/api/v1/pay-runs").json()["results"]] == [str(run.uid)]
    [line] = api.get(f"/api/v1/pay-runs/{run.uid}").json()["lines"]
    assert (line["amount"], line["is_correction"]) == ("0.10", False)
    assert client_of(alice).get("/api/v1/pay").status_code == 403
    assert client_of(charlie).get(f"/api/v1/pay-runs/{run.uid}").status_code == 404


def test_one_sees_ones_own_earnings_only(campaign: Campaign, bob: Member, alice: Member) -> None:
    assert earnings_of(bob) is None
    rate(campaign, alice, "1")
    judged(campaign, bob)
    judged(campaign, MemberFactory.create(workspace=bob.workspace))
    [lines] = earned_by_each(bob, [Between(None, timezone.now())])
    assert [line.member for line in lines] == [bob]
    told = earnings_of(bob)
    assert told is not None
    assert told.in_all == {"EUR": 100}


def test_no_cell_of_a_csv_is_a_formula_and_numbers_stay_numbers() -> None:
    name = f"=cmd|{uuid4()}"
    lines = "".join(csv_lines(["a", "b"], [[name, Decimal("-0.20")], ["-x", -1]]))
    assert lines == f"\ufeffa,b\r\n'{name},-0.20\r\n'-x,-1\r\n"
