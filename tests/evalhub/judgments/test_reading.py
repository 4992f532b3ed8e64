"""GET judgments: what those who watch read of every kind of answer."""

from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import (
    Demonstration,
    JudgedStep,
    JudgedToolCall,
    Judgment,
    Rating,
    Span,
)
from tests.evalhub.judgments.conftest import client_of
from tests.factories import GuidelinesFactory, JudgmentFactory, PreferenceFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def judgment(campaign: Campaign) -> Judgment:
    task = TaskFactory.create(campaign=campaign)
    guidelines = GuidelinesFactory.create(campaign=campaign, number=3)
    return JudgmentFactory.create(task=task, guidelines=guidelines, active_ms=900, wall_ms=4000)


def test_every_kind_of_answer_is_told(judgment: Judgment, alice: Member) -> None:
    completion = judgment.task.completions.order_by("pk").first()
    of = {"judgment": judgment, "completion": completion}
    Span.objects.create(
        start=1, end=4, error_type="false", severity="minor", evidence="contradicted",
        document=0, document_start=5, document_end=9, note="See there.", **of,
    )  # fmt: skip
    Span.objects.create(judgment=judgment, start=0, end=2, evidence="supported")
    JudgedStep.objects.create(step=1, start=0, end=9, verdict="wrong", **of)
    JudgedToolCall.objects.create(call=0, right_tool=False, **of)
    Demonstration.objects.create(judgment=judgment, content="Dear all.")
    criterion = judgment.campaign.rubric_version.criteria.first()
    Rating.objects.create(judgment=judgment, criterion=criterion, value=2, comment="Hm.")
    PreferenceFactory.create(judgment=judgment, criterion=criterion, comment="Both bark.")
    (told,) = client_of(alice).get("/api/v1/judgments").json()["results"]
    key = str(completion.uid)
    assert told["spans"] == [
        {
            "completion": key,
            "start": 1,
            "end": 4,
            "error_type": "false",
            "severity": "minor",
            "evidence": "contradicted",
            "passage": {"document": 0, "start": 5, "end": 9},
            "note": "See there.",
        },
        {
            "completion": None,
            "start": 0,
            "end": 2,
            "error_type": "",
            "severity": "",
            "evidence": "supported",
            "passage": None,
            "note": "",
        },
    ]
    assert told["steps"] == [
        {"completion": key, "step": 1, "start": 0, "end": 9, "verdict": "wrong"}
    ]
    assert told["tool_calls"] == [
        {"completion": key, "call": 0, "right_tool": False, "right_arguments": None}
    ]
    assert [each["comment"] for each in told["preferences"]] == ["Both bark."]
    (rating,) = told["ratings"]
    assert (rating["completion"], rating["comment"]) == (None, "Hm.")
    assert told["demonstration"] == "Dear all."
    assert (told["guidelines"], told["wall_ms"], told["active_ms"]) == (3, 4000, 900)


def test_what_was_not_said_is_null_or_empty(campaign: Campaign, alice: Member) -> None:
    JudgmentFactory.create(task=TaskFactory.create(campaign=campaign))
    (told,) = client_of(alice).get("/api/v1/judgments").json()["results"]
    assert (told["guidelines"], told["wall_ms"], told["demonstration"]) == (None, None, None)
    assert told["spans"] == told["steps"] == told["tool_calls"] == []
