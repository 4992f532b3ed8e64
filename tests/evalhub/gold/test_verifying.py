"""Verdicts on gold against a recount, and each way in which they may differ."""

from __future__ import annotations

import contextlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.gold.models import GoldVerdict
from evalhub.judgments.models import ExpertAnswer
from tests.evalhub.gold.conftest import gold_in, judged, said

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    out = StringIO()
    with contextlib.suppress(CommandError):  # what it is about is asked below
        call_command("verify_aggregates", "--json", stdout=out)
    found = json.loads(out.getvalue())["gold verdicts"]
    assert len(found["examples"]) == found["wrong"]
    return [f"{each['what']}: {each['told']}" for each in found["examples"]]


@pytest.fixture
def verdict(campaign: Campaign, bob: Member) -> GoldVerdict:
    verdict = judged(gold_in(campaign, task__open_places=2).task, bob, -1)
    assert verdict.passed is False
    return verdict


def test_a_verdict_is_what_a_recount_gives(verdict: GoldVerdict) -> None:
    assert told() == []


def test_a_verdict_turned_round_is_named(verdict: GoldVerdict) -> None:
    GoldVerdict.objects.update(passed=True)
    assert told() == [f"judgment {verdict.judgment.uid}: stored passed=True, recount False"]


def test_checks_that_differ_are_named(verdict: GoldVerdict) -> None:
    GoldVerdict.objects.update(checks=[])
    [found] = told()
    assert "stored checks []" in found


def test_a_verdict_that_is_missing_is_named(
    verdict: GoldVerdict, campaign: Campaign, erin: Member
) -> None:
    judgment = said(verdict.task, erin, 1)
    assert told() == [f"judgment {judgment.uid}: no verdict, and a recount has one"]


def test_a_verdict_of_gold_that_is_withdrawn_is_named(verdict: GoldVerdict) -> None:
    ExpertAnswer.objects.update(withdrawn_at=timezone.now())
    [found] = told()
    assert found.endswith("stands, though its gold is withdrawn")
