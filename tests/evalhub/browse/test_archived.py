"""What an archived prompt is left out of: new tasks, answers and builds, and nothing else."""

from __future__ import annotations

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.errors import UnfitTask
from evalhub.campaigns.models import Task
from evalhub.campaigns.selection import Selection
from evalhub.campaigns.services.campaigns import create_from_selection
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.jobs import execute
from evalhub.loops.models import Round
from evalhub.loops.steps.answering import drawn_prompts
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Collection, Prompt
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompts(alice: Member) -> list[Prompt]:
    """Two of one collection; the second is archived."""
    collection = make.CollectionFactory.create(workspace=alice.workspace)
    used, archived = (make.PromptFactory.create(collection=collection) for _ in range(2))
    archived.archived_at = timezone.now()
    archived.save()
    return [used, archived]


def collection_of(prompts: list[Prompt]) -> Collection:
    return prompts[0].collection


@pytest.mark.parametrize("type_", [TaskType.LABEL, TaskType.RATING])
def test_a_new_campaign_passes_it_over(
    alice: Member, prompts: list[Prompt], type_: TaskType
) -> None:
    generation = make.GenerationFactory.create(workspace=alice.workspace)
    for prompt in prompts:
        make.CompletionFactory.create(prompt=prompt, generation=generation)
    version = make.RubricVersionFactory.create(rubric__workspace=alice.workspace)
    make.CriterionFactory.create(version=version)
    campaign = create_from_selection(
        title="New",
        rubric_version=version,
        type=type_,
        by=alice,
        selection=Selection(collection_of(prompts), models=[generation.model]),
    )
    assert [task.prompt for task in campaign.tasks.all()] == [prompts[0]]


def test_it_is_no_task_even_if_it_is_named(alice: Member, prompts: list[Prompt]) -> None:
    campaign = make.CampaignFactory.create(workspace=alice.workspace, type="label")
    with pytest.raises(UnfitTask, match="archived"):
        add_tasks(campaign=campaign, items=[(prompts[1], [])])
    assert not Task.objects.exists()


def test_no_model_is_asked_to_answer_it(alice: Member, prompts: list[Prompt]) -> None:
    round_: Round = make.RoundFactory.create(
        loop__workspace=alice.workspace, loop__collection=collection_of(prompts)
    )
    assert drawn_prompts(Turn(round_)) == [prompts[0]]


def test_a_build_leaves_out_what_was_said_about_it_and_says_so(
    alice: Member, prompts: list[Prompt]
) -> None:
    campaign = make.CampaignFactory.create(workspace=alice.workspace)
    for prompt in prompts:
        task = make.TaskFactory.create(campaign=campaign, prompt=prompt)
        make.PreferenceFactory.create(judgment=make.JudgmentFactory.create(task=task), margin=2)
    dataset = ensure_dataset(
        workspace=alice.workspace, name="pairs", kind=BuildKind.PREFERENCE, definition={}
    )
    build = start_build(dataset=dataset)
    execute(build.job.uid)
    build.refresh_from_db()
    assert sum(build.rows.values()) == 1
    assert build.manifest["left_out"]["archived"]["count"] == 1
