"""When a schedule is due, and what conditions and bars mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evalhub.loops.conditions import Schedule
from evalhub.loops.errors import BadPolicy
from evalhub.loops.policy import read_policy

FRIDAY = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule, due",
    [
        (Schedule(), datetime(2026, 12, 4, 6, 0, tzinfo=UTC)),
        (Schedule(every_days=1, at="22:15"), datetime(2026, 11, 28, 22, 15, tzinfo=UTC)),
        # Berlin is an hour ahead in winter
        (Schedule(every_days=1, zone="Europe/Berlin"), datetime(2026, 11, 28, 5, 0, tzinfo=UTC)),
        # the next Monday from tomorrow on
        (Schedule(every_days=1, weekdays=("mon",)), datetime(2026, 11, 30, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_schedule_counts_days_and_hours_of_its_own_zone(
    schedule: Schedule, due: datetime
) -> None:
    assert schedule.next_after(FRIDAY) == due


def test_days_are_those_of_the_zone_not_of_utc() -> None:
    """23:30 UTC is Saturday in Auckland already: the day after is Sunday there."""
    late = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)
    due = Schedule(every_days=1, at="00:00", zone="Pacific/Auckland").next_after(late)
    assert due == datetime(2026, 11, 28, 11, 0, tzinfo=UTC)


def test_the_hour_stays_when_the_clocks_change() -> None:
    """On 28 March 2027 Berlin goes from UTC+1 to UTC+2."""
    before = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
    due = Schedule(every_days=1, zone="Europe/Berlin").next_after(before)
    assert due == datetime(2027, 3, 28, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"start": {"when": "any"}}, "start.when is 'any', but nothing is waited for"),
        ({"start": {"when": "all", "judgments": 0}}, "start.judgments is 0, but must be 1 or more"),
        ({"start": {"when": "any", "agreement": 2}}, "start.agreement is 2, but must be 0 to 1"),
        (
            {"start": {"when": "any", "schedule": {"zone": "Berlin"}}},
            "start.schedule.zone is 'Berlin', but must be a time zone",
        ),
        (
            {"start": {"when": "any", "schedule": {"at": "late"}}},
            "start.schedule.at is 'late', but must be a time of day",
        ),
        ({"start": {"when": "any", "schedule": {"every_days": 0}}}, "every_days is 0"),
        ({"start": {"when": "any", "schedule": {"weekdays": ["fr"]}}}, "Invalid enum value 'fr'"),
        ({"pause": {"gold": 120}}, "pause.gold is 120, but must be 0 to 100"),
        ({"pause": {"safety": 0.5}}, "pause.safety is 0.5, but must be 1 to 5"),
        ({"pause": {"fewest": 0}}, "pause.fewest is 0, but must be 1 or more"),
        ({"campaign": {"people": ["bob"]}}, "campaign.people names bob, but must name uids"),
        ({"campaign": {"max_share": 0}}, "campaign.max_share is 0"),
        ({"campaign": {"days": 0}}, "campaign.days is 0"),
        (
            {"campaign": {"pay": {"amount": "much", "currency": "EUR"}}},
            "campaign.pay.amount is 'much'",
        ),
        ({"campaign": {"pay": {"amount": "1", "currency": "XXQ"}}}, "campaign.pay.currency is"),
        (
            {"search": {"recipe": "sft", "space": {"learning_rate": {"low": 1e-5, "high": 1e-3}}}},
            "search.recipe is sft, but the chain is dpo",
        ),
        (
            {"search": {"recipe": "dpo", "space": {"colour": {"choices": ["red"]}}}},
            "search.space names colour, but what can be searched is",
        ),
        ({"search": {"recipe": "dpo", "space": {}}}, "search.space: Nothing is searched"),
        (
            {"search": {"recipe": "dpo", "space": {"epochs": {"choices": [1]}}, "tries": 0}},
            "search.tries is 0",
        ),
    ],
)
def test_what_means_nothing_is_refused_by_name(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        read_policy(values)
    assert sentence in str(refused.value)
