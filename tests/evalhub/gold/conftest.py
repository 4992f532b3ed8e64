from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.gold.jobs.verdicts import judge_gold
from evalhub.judgments.models import ExpertAnswer, Judgment
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    ExpertAnswerFactory,
    JudgmentFactory,
    PreferenceFactory,
)

LONG_AGO = timedelta(hours=1)  # past being withdrawn


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace, hand_size=20)


def gold_in(campaign: Campaign, **more: Any) -> ExpertAnswer:
    """The first of two is better, says the expert."""
    places = {"task__overlap": 3, "task__open_places": 3}
    return ExpertAnswerFactory.create(
        task__campaign=campaign, task__kind="gold", **{**places, **more}
    )


def said(task: Task, member: Member, margin: int) -> Judgment:
    """A judgment that counts; above 0 is for the first."""
    held = AssignmentFactory.create(task=task, member=member, state="submitted")
    before = timezone.now() - LONG_AGO
    judgment = JudgmentFactory.create(
        task=task, member=member, assignment=held, created_at=before, judged_at=before
    )
    first, second = task.completions.order_by("placed__place")
    PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)
    return judgment


def judged(task: Task, member: Member, margin: int) -> Any:
    return judge_gold(judgment=said(task, member, margin).uid)
