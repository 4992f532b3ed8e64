"""What is asked where not all can be asked."""

from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.selection import Keys
from evalhub.prompts.models import Completion
from evalhub.valuing.choosing import Chosen, chosen_by_lot, chosen_by_value
from tests.evalhub.valuing.scenes import LONG, SHORT, compared, judged
from tests.factories import CampaignFactory, CompletionFactory, GenerationFactory, PromptFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    """Twenty judgments say that long answers are liked."""
    campaign = CampaignFactory.create(workspace=bob.workspace)
    judged(compared(campaign, tasks=20))
    return campaign


def written(campaign: Campaign, *texts: str, prompts: int) -> list[list[int]]:
    """Of each prompt the keys of its answers, all by one model; a third of the prompts is German."""
    by = GenerationFactory.create(workspace=campaign.workspace)
    found = []
    for nth in range(prompts):
        prompt = PromptFactory.create(
            collection__workspace=campaign.workspace,
            slices={"language": "de" if nth % 3 == 0 else "en"},
        )
        answers = [
            CompletionFactory.create(prompt=prompt, generation=by, content=f"{text} {nth}")
            for text in texts
        ]
        found.append([prompt.pk, *(each.pk for each in answers)])
    return found


def pairs(rows: list[list[int]]) -> list[Keys]:
    return [
        (prompt, [one, other])
        for prompt, *keys in rows
        for at, one in enumerate(keys)
        for other in keys[at + 1 :]
    ]


def by_value(campaign: Campaign, shapes: list[Keys], *, most: int, seed: int = 1) -> Chosen:
    return chosen_by_value(
        shapes, campaign=campaign, most=most, by_lot=20, threshold=4.0, seed=seed,
        beat=lambda: None,
    )  # fmt: skip


def test_by_lot_it_is_prompts_spread_over_slices_and_not_by_uid(campaign: Campaign) -> None:
    rows = written(campaign, LONG, SHORT, prompts=30)
    german = {row[0] for row in rows[::3]}
    draws = [chosen_by_lot(pairs(rows), most=6, seed=seed) for seed in range(6)]
    for drawn in draws:
        assert len(drawn) == 6
        assert len({prompt for prompt, _ in drawn} & german) == 2
    assert len({tuple(prompt for prompt, _ in drawn) for drawn in draws}) > 1
    assert chosen_by_lot(pairs(rows), most=6, seed=3) == draws[3]


def test_a_prompt_that_is_drawn_keeps_all_its_tasks(campaign: Campaign) -> None:
    singles = [
        (row[0], [key]) for row in written(campaign, LONG, SHORT, prompts=9) for key in row[1:]
    ]
    drawn = chosen_by_lot(singles, most=3, seed=0)
    assert len(drawn) == 6
    assert len({prompt for prompt, _ in drawn}) == 3


def test_by_value_what_nobody_has_judged_comes_before_what_is_settled(campaign: Campaign) -> None:
    settled = pairs(written(campaign, LONG, SHORT, prompts=20))
    new = pairs(written(campaign, "1. It is so.\n2. Or 4?", "It is so.", prompts=20))
    chosen = by_value(campaign, [*settled, *new], most=10)
    assert (len(chosen.shapes), chosen.by_lot) == (10, 2)
    fresh = {prompt for prompt, _ in new}
    by_worth = [prompt in fresh for prompt, _ in chosen.shapes[2:]]
    assert by_worth[0]
    assert sum(by_worth) >= 6, "one that would tell the same again waits"


def test_of_a_prompts_pairs_it_is_the_one_that_tells_most(campaign: Campaign) -> None:
    """What the first two differ in is known, and the third has a form that nobody judged."""
    rows = written(campaign, LONG, SHORT, "1. It is so.\n2. Or 4?", prompts=10)
    chosen = by_value(campaign, pairs(rows), most=10)
    assert len({prompt for prompt, _ in chosen.shapes}) == 10
    listed = set(Completion.objects.filter(content__startswith="1.").values_list("pk", flat=True))
    by_worth = [bool(listed & set(keys)) for _, keys in chosen.shapes[chosen.by_lot :]]
    assert by_worth[0]
    assert sum(by_worth) >= 6


def test_the_share_by_lot_is_of_all_and_not_of_what_is_left(campaign: Campaign) -> None:
    """Over 25 seeds the settled half of the prompts has its half of the lots."""
    settled = pairs(written(campaign, LONG, SHORT, prompts=10))
    new = pairs(written(campaign, "1. It is so.\n2. Or 4?", "It is so.", prompts=10))
    known = {prompt for prompt, _ in settled}
    lots = [
        prompt in known
        for seed in range(25)
        for prompt, _ in by_value(campaign, [*settled, *new], most=5, seed=seed).shapes[:1]
    ]
    assert 5 <= sum(lots) <= 20


def test_ratings_are_chosen_one_by_one(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, type="rating")
    singles = [
        (row[0], [key]) for row in written(campaign, LONG, SHORT, prompts=9) for key in row[1:]
    ]
    chosen = by_value(campaign, singles, most=7)
    assert (len(chosen.shapes), chosen.by_lot) == (7, 2)
    assert len({keys[0] for _, keys in chosen.shapes}) == 7
