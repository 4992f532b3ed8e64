from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.jobs import execute
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    TaskFactory,
)

Build = Callable[..., DatasetBuild]


@pytest.fixture
def build(acme: Workspace) -> Build:
    """Define a dataset and build it here and now."""

    def do(kind: str = "preference", /, **definition: Any) -> DatasetBuild:
        dataset = ensure_dataset(
            workspace=acme, name=f"my {kind}", kind=BuildKind(kind), definition=definition
        )
        made = start_build(dataset=dataset)
        execute(made.job.uid)
        made.refresh_from_db()
        made.job.refresh_from_db()
        assert made.job.trace == ""
        return made

    return do


@pytest.fixture
def compared(acme: Workspace) -> list[Task]:
    """Ten compared prompts, each in its group: eight train, one validates, one tests."""
    campaign = CampaignFactory.create(workspace=acme)
    collection = CollectionFactory.create(workspace=acme, slug="faq")
    tasks = []
    for split in ["train"] * 8 + ["validation", "test"]:
        group = PromptGroupFactory.create(workspace=acme, split=split)
        prompt = PromptFactory.create(collection=collection, group=group)
        task = TaskFactory.create(campaign=campaign, prompt=prompt)
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=2)
        tasks.append(task)
    return tasks
