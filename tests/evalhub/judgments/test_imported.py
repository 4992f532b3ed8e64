from __future__ import annotations

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.imported import (
    ImportedJudgment,
    ImportedPreference,
    ImportedRating,
    record_imported,
)
from evalhub.prompts.models import Completion
from tests.factories import CompletionFactory, MemberFactory, PromptFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers(campaign: Campaign) -> tuple[Completion, ...]:
    prompt = PromptFactory.create(collection__workspace=campaign.workspace)
    return tuple(CompletionFactory.create_batch(2, prompt=prompt))


def row(
    answers: tuple[Completion, ...], member: Member, external_id: str, margin: int = 2
) -> ImportedJudgment:
    prompt = answers[0].prompt
    return ImportedJudgment(
        external_id=external_id,
        collection=prompt.collection,
        prompt=prompt,
        completions=answers,
        member=member,
        judged_at=timezone.now(),
        preferences=(ImportedPreference(criterion=None, margin=margin),),
    )


def test_judgments_of_the_same_pair_share_a_task_that_asks_for_no_more(
    campaign: Campaign, answers: tuple[Completion, ...]
) -> None:
    members = MemberFactory.create_batch(3, workspace=campaign.workspace)
    rows = [row(answers, member, f"j{nth}") for nth, member in enumerate(members)]
    assert record_imported(campaign=campaign, rows=rows) == 3
    task = campaign.tasks.get()
    assert (task.overlap, task.judged, task.open_places) == (3, 3, 0)
    assert set(Judgment.objects.values_list("task_id", "source")) == {(task.pk, "imported")}


def test_the_other_order_of_a_pair_is_another_task(
    campaign: Campaign, answers: tuple[Completion, ...], bob: Member
) -> None:
    rows = [row(answers, bob, "j1"), row(answers[::-1], bob, "j2", margin=-2)]
    record_imported(campaign=campaign, rows=rows)
    assert campaign.tasks.count() == 2


def test_reading_a_file_again_stores_nothing_twice(
    campaign: Campaign, answers: tuple[Completion, ...], bob: Member
) -> None:
    rows = [row(answers, bob, "j1"), row(answers, bob, "j1"), row(answers, bob, "j2")]
    assert record_imported(campaign=campaign, rows=rows) == 2
    assert record_imported(campaign=campaign, rows=rows) == 0
    task = campaign.tasks.get()
    assert (task.overlap, task.judged) == (2, 2)


def test_ratings_and_rankings_are_stored_by_place(
    campaign: Campaign, answers: tuple[Completion, ...], bob: Member
) -> None:
    criterion = campaign.rubric_version.criteria.get(slug="safety")
    prompt = answers[0].prompt
    record_imported(
        campaign=campaign,
        rows=[
            ImportedJudgment(
                external_id="j1",
                collection=prompt.collection,
                prompt=prompt,
                completions=answers,
                member=bob,
                judged_at=timezone.now(),
                ratings=(
                    ImportedRating(place=1, criterion=criterion, value=4),
                    ImportedRating(place=0, criterion=criterion, value=None, reason="unread"),
                ),
                ranking=((1,), (0,)),
            )
        ],
    )
    judgment = Judgment.objects.get()
    assert set(judgment.ratings.values_list("completion_id", "value", "reason")) == {
        (answers[1].pk, 4, ""),
        (answers[0].pk, None, "unread"),
    }
    tiers = dict(judgment.ranking.values_list("completion_id", "tier"))
    assert tiers == {answers[1].pk: 0, answers[0].pk: 1}
