from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Judgment
from evalhub.reports.choices import ExportFormat
from evalhub.reports.exporting import Report, export_judgments
from tests import factories as make


def unwatched(_done: int, _total: int) -> None:
    """Nobody looks on."""


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    """A comparison under two criteria: a scale, and one that is answered in words."""
    version = make.RubricVersionFactory.create(rubric__workspace=acme, rubric__slug="answers")
    make.CriterionFactory.create(version=version, slug="clarity", position=0)
    make.CriterionFactory.create(version=version, slug="what-else", position=1, kind="text")
    return make.CampaignFactory.create(workspace=acme, rubric_version=version, overlap=3)


@pytest.fixture
def task(campaign: Campaign) -> Task:
    prompt = make.PromptFactory.create(
        collection__workspace=campaign.workspace, collection__slug="faq", external_id="=why"
    )
    models = [
        make.LanguageModelFactory.create(workspace=campaign.workspace, name=name)
        for name in ("llama", "gemma")
    ]
    answers = [
        make.CompletionFactory.create(prompt=prompt, generation__model=model) for model in models
    ]
    return make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)


@pytest.fixture
def person(acme: Workspace) -> Member:
    user = make.UserFactory.create(username="robert.miller", email="robert@example.org")
    return make.MemberFactory.create(workspace=acme, user=user, pseudonym="heron")


def judged(task: Task, by: Member, critique: str = "", **more: object) -> Judgment:
    """By somebody who was shown the second completion first, and prefers it clearly."""
    held = make.AssignmentFactory.create(
        task=task, member=by, state="submitted", permutation=[1, 0]
    )
    judgment = make.JudgmentFactory.create(
        task=task, member=by, assignment=held, critique=critique, **more
    )
    make.PreferenceFactory.create(judgment=judgment, margin=-2)
    return judgment


def many(task: Task, count: int) -> list[Judgment]:
    """Each by somebody else, about a task of their own with the same completions' models."""
    return [
        judged(
            make.TaskFactory.create(campaign=task.campaign),
            make.MemberFactory.create(workspace=task.campaign.workspace),
            critique=f"reason {n}",
        )
        for n in range(count)
    ]


@pytest.fixture
def export(campaign: Campaign, tmp_path: Path) -> Callable[..., bytes]:
    """Export here and now; the bytes of the file."""

    def do(
        format: str = "jsonl",
        *,
        everything: bool = False,
        of: Campaign = campaign,
        name: str = "out",
        report: Report = unwatched,
    ) -> bytes:
        target = tmp_path / name
        export_judgments(
            Campaign.objects.select_related("workspace", "rubric_version__rubric").get(pk=of.pk),
            format=ExportFormat(format),
            everything=everything,
            target=target,
            report=report,
            page_size=2,
        )
        return target.read_bytes()

    return do
