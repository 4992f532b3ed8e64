"""What a campaign is made of."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import Design, TaskType
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.selection import LOOKED_AT, Selection, Size
from evalhub.campaigns.services.campaigns import create_from_selection
from evalhub.campaigns.services.tasks import add_selected
from evalhub.prompts.models import Collection, Generation, Prompt
from evalhub.registry.models import LanguageModel
from tests.evalhub.campaigns.test_pages import form_of
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    CompletionFactory,
    CriterionFactory,
    GenerationFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PromptFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection(alice: Member) -> Collection:
    return CollectionFactory.create(workspace=alice.workspace)


@pytest.fixture
def three(alice: Member) -> list[Generation]:
    """The base, the model in service, and a new one."""
    return [GenerationFactory.create(workspace=alice.workspace) for _ in range(3)]


def answered(collection: Collection, generations: list[Generation], **prompt: Any) -> Prompt:
    made = PromptFactory.create(collection=collection, **prompt)
    for generation in generations:
        CompletionFactory.create(prompt=made, generation=generation)
    return made


def pairs_of(campaign: Campaign) -> list[tuple[int, ...]]:
    """The models that meet in each task, in the task's order."""
    return [
        tuple(row.completion.generation.model_id for row in task.placed.order_by("place"))
        for task in campaign.tasks.order_by("pk")
    ]


def made_of(collection: Collection, **chosen: Any) -> Campaign:
    campaign = CampaignFactory.create(workspace=collection.workspace, state="draft")
    add_selected(campaign=campaign, selection=Selection(collection, **chosen))
    return campaign


def test_each_model_meets_the_one_they_are_measured_against(
    collection: Collection, three: list[Generation]
) -> None:
    answered(collection, three)
    answered(collection, three[1:])  # the base gave no answer here: no pair
    base, *others = [generation.model for generation in three]
    campaign = made_of(collection, models=others, design=Design.AGAINST, against=base)
    assert pairs_of(campaign) == [(base.pk, other.pk) for other in others]


def test_a_model_that_says_the_same_as_the_base_is_no_pair(
    collection: Collection, three: list[Generation]
) -> None:
    prompt = PromptFactory.create(collection=collection)
    for generation in (three[1], three[0]):
        CompletionFactory.create(prompt=prompt, generation=generation, content="The same.")
    CompletionFactory.create(prompt=prompt, generation=three[2], content="Another.")
    base, *others = [generation.model for generation in three]
    campaign = made_of(collection, models=others, design=Design.AGAINST, against=base)
    assert pairs_of(campaign) == [(base.pk, others[1].pk)]


def test_a_random_pair_is_one_for_each_prompt_and_not_always_the_same(
    collection: Collection, three: list[Generation]
) -> None:
    for _ in range(30):
        answered(collection, three)
    models = [generation.model for generation in three]
    campaign = made_of(collection, models=models, design=Design.RANDOM, seed=3)
    pairs = pairs_of(campaign)
    assert len(pairs) == 30
    assert {frozenset(pair) for pair in pairs} == {
        frozenset({one.pk, other.pk}) for one in models for other in models if one != other
    }


def test_slices_and_a_sample_leave_prompts_out(
    collection: Collection, three: list[Generation]
) -> None:
    for language in ("de", "de", "en", "fr"):
        for topic in ("law", "food"):
            answered(collection, three, slices={"language": language, "topic": topic})
    chosen = Selection(
        collection,
        models=[generation.model for generation in three],
        slices=["language=de", "language=en", "topic=law"],
    )
    assert chosen.size(TaskType.COMPARISON) == Size(3, 3, is_exact=True)
    assert chosen.size(TaskType.RATING) == Size(3, 9, is_exact=True)
    drawn = [
        set(Selection(collection, sample=4, seed=seed).prompts().values_list("pk", flat=True))
        for seed in (1, 1, 2, 3)
    ]
    assert [len(each) for each in drawn] == [4, 4, 4, 4]
    assert drawn[0] == drawn[1]
    assert len({frozenset(each) for each in drawn}) > 1


def test_the_size_of_a_large_selection_is_told_by_a_part(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    PromptFactory.create_batch(12, collection=collection)
    assert LOOKED_AT >= 1000
    monkeypatch.setattr("evalhub.campaigns.selection.LOOKED_AT", 5)
    assert Selection(collection).size(TaskType.LABEL) == Size(12, 12, is_exact=False)


def test_the_form_tells_what_it_would_make(client: Client, alice: Member, bob: Member) -> None:
    client.force_login(alice.user)
    form = form_of(alice)

    def told(**change: Any) -> str:
        return client.post("/w/acme/campaigns/new/size/", form | change).content.decode()

    assert "3 prompts make 3 tasks, that is 6 judgments." in told()
    assert "2 prompts make 4 tasks, that is 8 judgments." in told(type="rating", sample=2)
    assert "Nothing here makes a task yet" in told(slices="language=xx")
    assert "stands here once" in told(slices="nonsense")
    assert not Task.objects.exists()
    client.force_login(bob.user)
    assert client.post("/w/acme/campaigns/new/size/", form).status_code == 403


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"slices": "german"}, "Write a slice as kind=value"),
        ({"design": "against"}, "Choose the model that the others meet"),
        ({"closes_at": "2020-01-01T10:00"}, "This moment is over"),
        ({"slices": "language=xx"}, "has no prompt of language=xx"),
        ({"models": []}, "has enough different answers"),
    ],
)
def test_what_makes_no_campaign_is_told_beside_its_field(
    client: Client, alice: Member, change: dict[str, Any], complaint: str
) -> None:
    client.force_login(alice.user)
    answer = client.post("/w/acme/campaigns/new/", form_of(alice) | change)
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    assert not Campaign.objects.exists()


def rated(prompt: Prompt, values: list[list[int | None]]) -> None:
    """Each completion of the prompt gets those ratings, from 1 to 5."""
    criterion = CriterionFactory.create(version__rubric__workspace=prompt.workspace)
    for completion, given in zip(prompt.completions.order_by("pk"), values, strict=True):
        for value in given:
            task = TaskFactory.create(
                campaign__workspace=prompt.workspace, campaign__type="rating", prompt=prompt,
                completions=[completion],
            )  # fmt: skip
            judgment = JudgmentFactory.create(task=task)
            RatingFactory.create(
                judgment=judgment, completion=completion, criterion=criterion, value=value,
                reason="" if value else "unclear",
            )  # fmt: skip


def test_the_two_that_are_nearest_in_their_ratings_meet(
    collection: Collection, three: list[Generation]
) -> None:
    models = [generation.model for generation in three]
    rated(answered(collection, three), [[1, 2], [5], [3, 4]])  # 0.125, 1, 0.625
    rated(answered(collection, three), [[4], [4, None], []])
    rated(answered(collection, three), [[4], [None], []])  # one has a rating: no pair
    answered(collection, three)
    chosen = Selection(collection, models=models, design=Design.NEAREST)
    assert chosen.size(TaskType.COMPARISON) == Size(4, 2, is_exact=True)
    campaign = made_of(collection, models=models, design=Design.NEAREST)
    assert pairs_of(campaign) == [
        (models[1].pk, models[2].pk),
        (models[0].pk, models[1].pk),
    ]


def test_of_pairs_that_are_equally_near_one_is_drawn_by_the_seed(
    collection: Collection, three: list[Generation]
) -> None:
    models = [generation.model for generation in three]
    rated(answered(collection, three), [[1], [3], [5]])
    drawn = [
        pairs_of(made_of(collection, models=models, design=Design.NEAREST, seed=seed))[0]
        for seed in range(8)
    ]
    assert set(drawn) == {(models[0].pk, models[1].pk), (models[1].pk, models[2].pk)}
    again = made_of(collection, models=models, design=Design.NEAREST, seed=0)
    assert pairs_of(again)[0] == drawn[0]


def test_the_two_that_the_newest_reward_model_scores_nearest_meet(
    collection: Collection, three: list[Generation]
) -> None:
    """Without anybody's rating; an older model's scores are not mixed with its."""
    models = [generation.model for generation in three]
    older, newer = LanguageModelFactory.create_batch(2, workspace=collection.workspace)
    first, second = answered(collection, three), answered(collection, three)
    scored(first, older, [0.0, 0.1, 5.0])
    scored(first, newer, [0.0, 4.0, 3.5])
    scored(second, older, [0.0, 0.1, 5.0])
    scored(second, newer, [1.0, None, None])  # one has a score: no pair
    chosen = Selection(collection, models=models, design=Design.SCORED)
    assert chosen.size(TaskType.COMPARISON) == Size(2, 1, is_exact=True)
    campaign = made_of(collection, models=models, design=Design.SCORED)
    assert pairs_of(campaign) == [(models[1].pk, models[2].pk)]


def scored(prompt: Prompt, model: LanguageModel, values: list[float | None]) -> None:
    for completion, value in zip(prompt.completions.order_by("pk"), values, strict=True):
        if value is not None:
            completion.scores.create(model=model, value=value, run_uid=uuid4())


@pytest.mark.parametrize(
    ("design", "remedy"), [(Design.NEAREST, "have rated"), (Design.SCORED, "Score answers first")]
)
def test_without_ratings_or_scores_the_lead_is_told_what_to_do(
    alice: Member, collection: Collection, three: list[Generation], design: Design, remedy: str
) -> None:
    answered(collection, three)
    version = CriterionFactory.create(version__rubric__workspace=alice.workspace).version
    models = [generation.model for generation in three]
    with pytest.raises(UnfitCampaign, match=remedy):
        create_from_selection(
            title="Near",
            rubric_version=version,
            type=TaskType.COMPARISON,
            selection=Selection(collection, models=models, design=design),
            by=alice,
        )
    assert not Campaign.objects.exists()
