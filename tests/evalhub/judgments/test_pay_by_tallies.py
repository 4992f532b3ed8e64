"""Pay by the tallies is what adding each judgment gives, whatever happened and wherever a period ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.test.utils import override_settings
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, PayRate, Task
from evalhub.judgments.errors import NothingToPay
from evalhub.judgments.jobs import tally
from evalhub.judgments.models import Judgment, PayLine, ReturnedJudgment, Tally, TallyMark
from evalhub.judgments.pay.earned import (
    Between,
    Earned,
    earned_by_each,
    earned_by_some,
    earned_in_each,
)
from evalhub.judgments.pay.runs import payroll_of
from evalhub.judgments.services.pay import close_pay_run
from evalhub.judgments.services.withdraw import withdraw_judgment
from evalhub.quality.verifying import verify_all
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    JudgmentFactory,
    MemberFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
AT_ANY_TIME = 10**9  # seconds
Counts = tuple[int, ...]


class History:
    """Two campaigns that pay and one that does not, three people, and what chance makes of them."""

    def __init__(self, by: Member, seed: int) -> None:
        self.by, self.chance, self.now = by, Random(seed), BEGAN
        self.campaigns = [CampaignFactory.create(workspace=by.workspace) for _ in range(3)]
        self.people = [MemberFactory.create(workspace=by.workspace) for _ in range(3)]
        self.returned = 0

    def pass_by(self, acts: int) -> None:
        self.set_rate()
        for _ in range(acts):
            self.now += timedelta(minutes=self.chance.choice([1, 3, 17, 40]))
            likely = [self.judge] * 12 + [self.judge_again, self.judge_extra, self.withdraw] * 2
            likely += [self.hand_back] * 3 + [self.revise, self.add_up] * 3
            self.chance.choice([*likely, self.set_rate, self.close])()

    def judge(self, **more: Any) -> None:
        campaign = self.chance.choice(self.campaigns)
        task = TaskFactory.create(campaign=campaign, judged=1, open_places=0)
        held = AssignmentFactory.create(
            task=task, member=self.chance.choice(self.people), state="submitted"
        )
        self._said(held, **more)

    def judge_extra(self) -> None:
        self.judge(is_extra=True)

    def judge_again(self) -> None:
        """After they withdrew it; else what a simulated person says."""
        gone = Judgment.objects.exclude(withdrawn_at=None).order_by("pk").last()
        if gone and not gone.assignment.judgments.filter(withdrawn_at=None).exists():
            Assignment.objects.filter(pk=gone.assignment_id).update(state="submitted")
            Task.objects.filter(pk=gone.task_id).update(judged=1)
            self._said(gone.assignment)
        else:
            self.judge(source="simulated")

    def withdraw(self) -> None:
        """Late, as where the time for it was made longer: it may be tallied already, even paid."""
        first = self._one(supersedes=None, is_extra=False, source="human", superseded_by=None)
        if first and not hasattr(first, "returned"):
            with override_settings(EVALHUB_UNDO_SECONDS=AT_ANY_TIME):
                withdraw_judgment(judgment=first)

    def hand_back(self) -> None:
        judgment = self._one(superseded_by=None, returned=None)
        if judgment:
            self.returned += 1
            ReturnedJudgment.objects.create(
                judgment=judgment, reason="Read it.", returned_by=self.by
            )

    def revise(self) -> None:
        judgment = self._one(superseded_by=None, returned__isnull=False) or self._one(
            superseded_by=None
        )
        if judgment:
            self._said(judgment.assignment, supersedes=judgment, is_fix=self.chance.random() < 0.3)

    def add_up(self) -> None:
        tally()

    def set_rate(self) -> None:
        PayRate.objects.create(
            campaign=self.campaigns[self.chance.randrange(2)],
            amount=Decimal(self.chance.randrange(1, 9)),
            currency="EUR",
            unit=self.chance.choice(["task", "hour"]),
            since=self.now,
            created_by=self.by,
        )

    def close(self) -> None:
        """Up to some moment since the last one."""
        last = self.by.workspace.pay_runs.order_by("-ends_at").first()
        begin = BEGAN if last is None else last.ends_at
        ends_at = begin + self.chance.random() * (self.now - begin)
        try:
            with transaction.atomic():
                close_pay_run(workspace=self.by.workspace, ends_at=ends_at, by=self.by)
        except NothingToPay:
            return

    def periods(self) -> list[Between]:
        """From and to any minute; by whole days half an hour off; ever."""
        minutes = int((self.now - BEGAN) / timedelta(minutes=1)) + 1
        two = sorted(self.chance.sample(range(minutes), 2))
        half = BEGAN.replace(hour=0) + timedelta(hours=5.5)
        return [
            Between(*(BEGAN + timedelta(minutes=each) for each in two)),
            Between(half, half + timedelta(days=1)),
            Between(BEGAN.replace(minute=0), self.now.replace(minute=0)),
            Between(None, self.now + timedelta(days=1)),
        ]

    def _one(self, **those: Any) -> Judgment | None:
        rows = Judgment.objects.filter(withdrawn_at=None, assignment__isnull=False, **those)
        found = list(rows.select_related("assignment", "campaign").order_by("pk"))
        return self.chance.choice(found) if found else None

    def _said(self, held: Any, **more: Any) -> None:
        """Mostly stored in the order in which it was judged."""
        shift = self.chance.choice([0, 0, 0, 0, 0, 95])
        when = self.now - timedelta(minutes=shift, seconds=self.chance.random())
        JudgmentFactory.create(
            **{
                "task": held.task,
                "member": held.member,
                "assignment": held,
                "judged_at": when,
                "created_at": when,
                "active_ms": self.chance.choice([None, 20_000, 36_001]),
                "wall_ms": self.chance.choice([None, 30_000, 600_000]),
            }
            | more
        )


def each_added(period: Between) -> dict[tuple[int, int], Counts]:
    """What `period` earned by member and rate, judgment by judgment."""
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 6)
    said = Judgment.objects.filter(source="human", supersedes=None, assignment__isnull=False)
    for row in said.select_related("assignment").order_by("pk"):
        rate = row.campaign.pay_rates.filter(since__lte=row.judged_at).order_by("-since").first()
        is_asked = period.begin is None or row.judged_at >= period.begin
        if rate is None or not is_asked or row.judged_at >= period.end:
            continue
        counts = found[row.member_id, rate.pk]
        if row.is_extra:
            counts[4] += 1
        elif row.withdrawn_at is not None:
            counts[5] += not row.assignment.judgments.filter(withdrawn_at=None).exists()
        elif _is_refused(row):
            counts[3] += 1
        else:
            times = [each for each in (row.active_ms, row.wall_ms) if each is not None]
            counts[0] += 1
            counts[1] += row.active_ms is None
            counts[2] += 0 if row.active_ms is None else min(times)
    return {key: tuple(counts) for key, counts in found.items() if any(counts)}


def _is_refused(first: Judgment) -> bool:
    said = first.assignment.judgments.filter(withdrawn_at=None, is_fix=False)
    return said.filter(superseded_by=None, returned__isnull=False).exists()


def told(lines: Sequence[Earned]) -> dict[tuple[int, int], Counts]:
    return {
        (line.member.pk, line.rate.pk): (
            line.judgments,
            line.untimed,
            line.active_ms,
            line.returned,
            line.extra,
            line.withdrawn,
        )
        for line in lines
    }


def of(member: Member, lines: dict[tuple[int, int], Counts]) -> dict[tuple[int, int], Counts]:
    return {key: counts for key, counts in lines.items() if key[0] == member.pk}


def counts_of(lines: Sequence[Any]) -> list[Counts]:
    """Of lines of a pay run or of what would be one; without those in which one thing made up for another."""
    rows = [
        (x.member.pk, x.rate.pk, x.is_correction, x.judgments, x.untimed, x.active_ms)
        for x in lines
    ]
    return sorted(row for row in rows if any(row[3:]))


@pytest.mark.parametrize("seed", range(4))
def test_pay_by_tallies_is_each_judgment_added(alice: Member, seed: int) -> None:
    history = History(alice, seed)
    history.pass_by(90)
    assert Tally.objects.exists()
    assert history.returned
    workspace, periods = alice.workspace, history.periods()
    for _ in range(2):
        wanted = [each_added(period) for period in periods]
        assert any(wanted)
        assert [told(lines) for lines in earned_in_each(workspace, periods)] == wanted
        one, *some = history.people
        alone = [told(lines) for lines in earned_by_each(one, periods)]
        assert alone == [of(one, each) for each in wanted]
        begin, end = periods[0]
        lines = earned_by_some(workspace, [each.pk for each in some], begin=begin, end=end)
        assert told(lines) == of(some[0], wanted[0]) | of(some[1], wanted[0])
        TallyMark.objects.update_or_create(pk=1)
        history.judge()  # not tallied in the first round, tallied in the second
        tally()
    wrong = {each.name: each.examples for each in verify_all() if each.wrong}
    wrong.pop("tasks", None)  # whose counters no factory keeps
    assert wrong == {}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_open_is_what_the_next_run_pays(alice: Member, seed: int) -> None:
    history = History(alice, 100 + seed)
    history.pass_by(70)
    history.close()
    history.pass_by(30)
    last = alice.workspace.pay_runs.order_by("-ends_at").first()
    assert last is not None
    for end in (history.now, last.ends_at + timedelta(seconds=1)):
        asked = history.periods()[0]
        payroll = payroll_of(alice.workspace, asked, end=end)
        assert told(payroll.earned) == each_added(asked)
        coming = counts_of(payroll.coming)
        with transaction.atomic():
            try:
                run = close_pay_run(workspace=alice.workspace, ends_at=end, by=alice)
                paid = counts_of(PayLine.objects.filter(run=run))
            except NothingToPay:
                paid = []
            transaction.set_rollback(True)
        assert coming == paid


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    """One that pays by the hour since twenty past eight."""
    made = CampaignFactory.create(workspace=alice.workspace)
    PayRate.objects.create(
        campaign=made,
        amount=Decimal(36),
        currency="EUR",
        unit="hour",
        since=BEGAN + timedelta(minutes=20),
        created_by=alice,
    )
    return made


def judged_at(campaign: Campaign, member: Member, when: datetime, **more: Any) -> Judgment:
    held = AssignmentFactory.create(
        task=TaskFactory.create(campaign=campaign, judged=1, open_places=0),
        member=member,
        state="submitted",
    )
    return JudgmentFactory.create(
        **{"active_ms": 10_000, "judged_at": when, "created_at": when, "assignment": held}
        | {"task": held.task, "member": member}
        | more
    )


def test_of_an_hour_in_which_a_rate_begins_each_judgment_is_read(
    campaign: Campaign, bob: Member
) -> None:
    """At 8:10 nothing was paid; from 8:20 on there are two judgments of ten seconds, 20 cents in all."""
    for minutes in (10, 20, 59):
        judged_at(campaign, bob, BEGAN + timedelta(minutes=minutes))
    tally()
    assert Tally.objects.get().judgments == 3
    [[line]] = earned_by_each(bob, [Between(None, timezone.now())])
    assert (line.judgments, line.amount) == (2, 20)


def test_what_is_not_tallied_yet_is_paid_once_it_can_be_withdrawn_no_more(
    campaign: Campaign, bob: Member, settings: Any
) -> None:
    settings.EVALHUB_UNDO_SECONDS = 30
    now = timezone.now()
    judged_at(campaign, bob, BEGAN + timedelta(hours=1))
    tally()
    judged_at(campaign, bob, now - timedelta(seconds=40))
    judged_at(campaign, bob, now - timedelta(seconds=20))
    assert tally() == 0
    [[line]] = earned_by_each(bob, [Between(None, now + timedelta(hours=1))])
    assert line.judgments == 2


def test_a_tally_forgets_what_is_withdrawn_late(
    campaign: Campaign, bob: Member, settings: Any
) -> None:
    judged_at(campaign, bob, BEGAN + timedelta(hours=1), active_ms=None)
    late = judged_at(campaign, bob, BEGAN + timedelta(hours=1), wall_ms=9_000)
    tally()
    settings.EVALHUB_UNDO_SECONDS = AT_ANY_TIME
    withdraw_judgment(judgment=late)
    kept = Tally.objects.get()
    assert (kept.judgments, kept.timed, kept.active_ms, kept.worked_ms) == (1, 0, 0, 0)
    settings.EVALHUB_UNDO_SECONDS = 30
    [[line]] = earned_by_each(bob, [Between(None, timezone.now())])
    assert (line.judgments, line.untimed, line.withdrawn) == (1, 1, 1)


def test_a_line_of_a_pay_run_that_is_not_what_it_paid_is_found(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    judged_at(campaign, bob, BEGAN + timedelta(hours=1))
    close_pay_run(workspace=alice.workspace, ends_at=BEGAN + timedelta(hours=2), by=alice)
    assert {each.name: each.wrong for each in verify_all()}["pay lines"] == 0
    PayLine.objects.update(active_ms=1)
    [found] = [each for each in verify_all() if each.name == "pay lines"]
    assert (found.checked, found.wrong) == (1, 1)
    assert "stored {1,0,1} judgments (untimed, ms), recount {1,0,10000}" in found.examples[0].told
