from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import Design, TaskType
from evalhub.campaigns.errors import UnfitCampaign, UnfitTask
from evalhub.campaigns.models import BAND, Campaign, Task
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.campaigns.services.tasks import add_from_completions, add_tasks
from evalhub.prompts.models import Completion, Generation, Prompt
from evalhub.prompts.services.archive import archive_prompt, restore_prompt
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    GenerationFactory,
    PromptFactory,
    RubricVersionFactory,
)

pytestmark = pytest.mark.django_db


def answered(member: Member, *, answers: int, models: int = 1) -> Prompt:
    """A prompt with `answers` completions of each of `models` models."""
    prompt = PromptFactory.create(collection__workspace=member.workspace)
    for _ in range(models):
        generation = GenerationFactory.create(workspace=member.workspace)
        CompletionFactory.create_batch(answers, prompt=prompt, generation=generation)
    return prompt


def places_of(task: Task) -> list[Completion]:
    return [row.completion for row in task.placed.order_by("place")]


def test_tasks_keep_the_order_of_their_completions(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, overlap=3)
    prompt = answered(bob, answers=2)
    first, second = prompt.completions.order_by("-pk")
    assert add_tasks(campaign=campaign, items=[(prompt, [first, second])]) == 1
    task = campaign.tasks.get()
    assert places_of(task) == [first, second]
    assert (task.overlap, task.open_places, task.judged) == (3, 3, 0)


def test_a_higher_priority_is_claimed_first_and_a_seed_repeats_the_order(bob: Member) -> None:
    prompt = answered(bob, answers=2)
    items = [(prompt, list(prompt.completions.all()))] * 5
    ranks = []
    for _ in range(2):
        campaign = CampaignFactory.create(workspace=bob.workspace)
        add_tasks(campaign=campaign, items=items, seed=7)
        add_tasks(campaign=campaign, items=items, seed=8, priority=9)
        ranks.append(list(campaign.tasks.order_by("pk").values_list("rank", flat=True)))
    assert ranks[0] == ranks[1]
    usual, urgent = ranks[0][:5], ranks[0][5:]
    assert max(urgent) < BAND <= min(usual)


@pytest.mark.parametrize(("type_", "count"), [("rating", 2), ("comparison", 3), ("ranking", 2)])
def test_a_task_with_the_wrong_number_of_completions_is_refused(
    bob: Member, type_: str, count: int
) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, type=type_)
    prompt = answered(bob, answers=count)
    with pytest.raises(UnfitTask):
        add_tasks(campaign=campaign, items=[(prompt, list(prompt.completions.all()))])
    assert not Task.objects.exists()


def test_a_completion_of_another_prompt_is_refused(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace)
    prompt, other = answered(bob, answers=1), answered(bob, answers=1)
    mixed = [prompt.completions.get(), other.completions.get()]
    with pytest.raises(UnfitTask):
        add_tasks(campaign=campaign, items=[(prompt, mixed)])


def test_a_pair_is_of_different_models_where_there_are_any(bob: Member) -> None:
    answered(bob, answers=2, models=2)
    campaign = CampaignFactory.create(workspace=bob.workspace)
    assert add_from_completions(campaign=campaign, completions=Completion.objects.all()) == 1
    one, two = places_of(campaign.tasks.get())
    assert one.generation.model_id != two.generation.model_id


@pytest.mark.parametrize(
    ("type_", "design", "tasks"),
    [
        ("rating", "first_two", 5),
        ("comparison", "first_two", 1),
        ("comparison", "all_pairs", 10),
        ("ranking", "first_two", 1),
    ],
)
def test_each_type_makes_its_tasks_of_five_answers(
    bob: Member, type_: str, design: str, tasks: int
) -> None:
    answered(bob, answers=5)
    answered(bob, answers=1) if type_ != "rating" else None
    campaign = CampaignFactory.create(workspace=bob.workspace, type=type_)
    completions = Completion.objects.all()
    made = add_from_completions(
        campaign=campaign,
        completions=completions,
        design=Design(design),
    )
    assert made == tasks == campaign.tasks.count()


def test_equal_texts_are_no_comparison(bob: Member) -> None:
    prompt = answered(bob, answers=2)
    Completion.objects.filter(prompt=prompt).update(content="The same.")
    campaign = CampaignFactory.create(workspace=bob.workspace)
    assert add_from_completions(campaign=campaign, completions=Completion.objects.all()) == 0


def test_adding_many_tasks_takes_few_queries(
    bob: Member, django_assert_max_num_queries: object
) -> None:
    prompt = answered(bob, answers=2)
    items = [(prompt, list(prompt.completions.all()))] * 300
    campaign = CampaignFactory.create(workspace=bob.workspace)
    with django_assert_max_num_queries(6):  # type: ignore[operator]  # pytest-django's fixture
        add_tasks(campaign=campaign, items=items)
    assert Generation.objects.count() == 1


def test_a_campaign_needs_a_published_rubric_of_its_workspace_and_tasks(
    alice: Member, charlie: Member
) -> None:
    draft = RubricVersionFactory.create(rubric__workspace=alice.workspace, published_at=None)
    theirs = RubricVersionFactory.create(rubric__workspace=charlie.workspace)
    for version in (draft, theirs):
        with pytest.raises(UnfitCampaign):
            create_campaign(
                workspace=alice.workspace,
                title="Round 2",
                rubric_version=version,
                type=TaskType.RATING,
                by=alice,
            )
    assert not Campaign.objects.exists()
    with pytest.raises(UnfitCampaign):
        open_campaign(campaign=CampaignFactory.create(state="draft"), by=alice)


def test_what_is_written_anew_rests_with_its_archived_parent(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace)
    parent = answered(bob, answers=2)
    archive_prompt(prompt=parent, by=bob)
    anew = PromptFactory.create(collection=parent.collection, parent=parent, group=parent.group)
    again = PromptFactory.create(collection=parent.collection, parent=anew, group=parent.group)
    pair = CompletionFactory.create_batch(2, prompt=again)

    with pytest.raises(UnfitTask, match="written anew from one that is archived"):
        add_tasks(campaign=campaign, items=[(again, pair)])
    assert not campaign.tasks.exists()

    restore_prompt(prompt=parent, by=bob)
    again.refresh_from_db()
    assert add_tasks(campaign=campaign, items=[(again, pair)]) == 1
