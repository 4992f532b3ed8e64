"""Corrections that a later model took over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Correction, Judgment
from evalhub.judgments.taken_over import likeness, taken_over_of
from evalhub.prompts.models import Completion
from tests.factories import CompletionFactory, JudgmentFactory, TaskFactory

pytestmark = pytest.mark.django_db
OLD = "The sky is blue because it mirrors the sea, as everybody knows."
MINE = "The sky is blue because air scatters short waves more than long ones."


@pytest.fixture
def correction(bob: Member, campaign: Campaign) -> Correction:
    task = TaskFactory.create(campaign=campaign)
    Completion.objects.update(content=OLD)
    judgment = JudgmentFactory.create(task=task, member=bob)
    completion = task.completions.order_by("pk").first()
    return Correction.objects.create(judgment=judgment, completion=completion, content=MINE)


def later(correction: Correction, text: str, **more: object) -> Completion:
    return CompletionFactory.create(prompt=correction.completion.prompt, content=text, **more)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (MINE, "the same"),
        (f"  {MINE.replace(' ', chr(10), 3)}\n", "the same"),
        (MINE.replace("more than", "far more than"), "nearly"),
    ],
)
def test_what_a_later_model_says_alike_counts(
    correction: Correction, bob: Member, text: str, how: str
) -> None:
    new = later(correction, text)
    (found,) = taken_over_of(bob)
    assert (found.old, found.mine, found.new) == (OLD, MINE, new.content)
    assert found.is_the_same == (how == "the same")


def test_what_is_unlike_or_no_nearer_than_the_original_does_not_count(
    correction: Correction, bob: Member
) -> None:
    later(correction, "Because of the sea.")
    later(correction, OLD)
    assert taken_over_of(bob) == []
    Correction.objects.update(content=f"{OLD}.")  # hardly a change
    later(correction, f"{OLD}  ")
    assert taken_over_of(bob) == []


def test_neither_an_earlier_nor_the_same_generation_counts(
    correction: Correction, bob: Member
) -> None:
    later(correction, MINE, generation=correction.completion.generation)
    earlier = later(correction, MINE)
    Completion.objects.filter(pk=earlier.pk).update(created_at=timezone.now() - timedelta(days=1))
    later(correction, MINE, written_by=bob)
    CompletionFactory.create(content=MINE)  # to another prompt
    assert taken_over_of(bob) == []


def test_what_one_may_still_have_to_judge_is_not_told(
    correction: Correction, bob: Member, campaign: Campaign
) -> None:
    """It would say which of two answers is the newer model's."""
    new = later(correction, MINE)
    task = TaskFactory.create(
        campaign=campaign, prompt=new.prompt, completions=[correction.completion, new]
    )
    assert taken_over_of(bob) == []
    JudgmentFactory.create(task=task, member=bob)
    assert len(taken_over_of(bob)) == 1
    Judgment.objects.filter(task=task).delete()
    Campaign.objects.update(state="closed")
    assert len(taken_over_of(bob)) == 1
    assert Task.objects.count() == 2


def test_the_page_shows_old_mine_and_new_and_the_home_counts_them(
    client: Client, correction: Correction, bob: Member
) -> None:
    later(correction, MINE.replace("more than", "far more than"))
    client.force_login(bob.user)
    html = client.get("/w/acme/my-work/corrections/").content.decode()
    assert html.index(OLD) < html.index(MINE) < html.index("far more than")
    assert client.get("/w/acme/my-work/").context["taken_over"] == 1


def test_likeness_of_long_texts_ends_soon_and_is_checked_by_hand() -> None:
    """ "abcd" and "bcde" have "bcd" in common: 2 * 3 / 8 = 0.75; below 0.9 that is told as 0.

    "abcdefghij" and "abcdefghix" have nine: 2 * 9 / 20 = 0.9.
    """
    assert likeness("abcd", "bcde") == 0
    assert likeness("abcdefghij", "abcdefghix") == 0.9
    assert likeness("a" * 200_000, "b" * 200_000) == 0
    assert likeness("short", "a text that is much longer") == 0
