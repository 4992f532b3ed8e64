from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.labelling.jobs import label
from evalhub.labelling.models import LabellingFunction, LabellingRun
from evalhub.labelling.services.functions import add_function
from evalhub.labelling.services.runs import start_labelling
from evalhub.rubrics.models import Criterion
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    CriterionFactory,
    JudgmentFactory,
    RatingFactory,
    TaskFactory,
)

TEXTS = [
    "I want a refund for my order",
    "Refund me, I want my money back",
    "How do I change my password?",
    "Money back, or I sue",
    "Is a refund taxed?",
    "Good morning",
]
REFUND, OTHER = 1, 2


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    return CampaignFactory.create(workspace=alice.workspace, type="label", asks=[], overlap=2)


@pytest.fixture
def criterion(campaign: Campaign) -> Criterion:
    return CriterionFactory.create(
        version=campaign.rubric_version,
        slug="topic",
        name="Topic",
        kind="choice",
        low=1,
        high=2,
        anchors={"1": "refund", "2": "other"},
    )


@pytest.fixture
def tasks(campaign: Campaign) -> list[Task]:
    return [
        TaskFactory.create(campaign=campaign, prompt__messages=[{"role": "user", "content": text}])
        for text in TEXTS
    ]


def added(
    criterion: Criterion, by: Member, name: str, value: int, kind: Any = "regex", **given: Any
) -> LabellingFunction:
    return add_function(
        criterion=criterion, name=name, value=value, kind=kind, parameters=given, by=by
    )


@pytest.fixture
def functions(criterion: Criterion, alice: Member) -> list[LabellingFunction]:
    return [
        added(criterion, alice, "refund", REFUND, pattern="refund"),
        added(criterion, alice, "money back", REFUND, "keywords", words=["money back"]),
        added(criterion, alice, "a question", OTHER, pattern=r"\?$"),
    ]


def labelled(campaign: Campaign, criterion: Criterion, by: Member) -> LabellingRun:
    """A run that ended."""
    run = start_labelling(campaign=campaign, criterion=criterion, by=by)
    lease = timezone.now() + timedelta(minutes=5)
    Job.objects.filter(pk=run.job_id).update(state="running", attempt=1, lease_expires_at=lease)
    run.job.refresh_from_db()
    label(run.job, Beat(run.job))
    Job.objects.filter(pk=run.job_id).update(state="succeeded", ended_at=timezone.now())
    run.refresh_from_db()
    return run


def said(task: Task, criterion: Criterion, member: Member, value: int, **more: Any) -> Judgment:
    """A judgment that counts."""
    held = AssignmentFactory.create(task=task, member=member, state="submitted")
    before = timezone.now() - timedelta(hours=1)
    judgment = JudgmentFactory.create(
        task=task, member=member, assignment=held, created_at=before, judged_at=before, **more
    )
    RatingFactory.create(judgment=judgment, completion=None, criterion=criterion, value=value)
    return judgment
