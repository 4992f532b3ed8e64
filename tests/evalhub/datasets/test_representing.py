"""How each split compares with the prompts it was taken from."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Task
from evalhub.prompts.models import Prompt
from evalhub.stats.representative import chance_of_part
from tests.evalhub.datasets.conftest import Build
from tests.factories import PromptFactory


def test_a_split_is_held_to_the_shares_of_the_whole() -> None:
    """30 and 10 of a half-and-half whole: (30-20)²/20 + (10-20)²/20 = 10, p = 0.00157."""
    whole = np.array([100, 100])

    assert chance_of_part(np.array([30, 10]), whole) == pytest.approx(0.001565, abs=1e-6)
    assert chance_of_part(np.array([20, 20]), whole) == pytest.approx(1.0)


def test_rare_values_are_put_together_and_too_few_say_nothing() -> None:
    whole = np.array([80, 10, 10])

    together = chance_of_part(np.array([30, 6, 4]), whole)
    assert together == pytest.approx(chance_of_part(np.array([30, 10]), np.array([80, 20])))
    assert chance_of_part(np.array([3, 1, 0]), whole) is None
    assert chance_of_part(np.array([0, 0, 0]), whole) is None


@pytest.mark.django_db
def test_a_build_reports_each_slice_and_its_page_shows_it(
    client: Client, build: Build, compared: list[Task], erin: Member
) -> None:
    prompts = [task.prompt for task in compared]
    keys = [prompt.pk for prompt in prompts]
    Prompt.objects.filter(pk__in=keys[:6]).update(slices={"language": "de"})
    Prompt.objects.filter(pk__in=keys[6:9]).update(slices={"language": "<en>"})
    collection = prompts[0].collection
    PromptFactory.create_batch(10, collection=collection, slices={"language": "de"})

    made = build(collections=["faq"])

    (found,) = made.manifest["slices"]
    assert found["slice"] == "language"
    assert found["prompts"] == {"collections": 20, "train": 8, "validation": 1, "test": 1}
    assert found["values"] == [
        {"value": "de", "collections": 16, "splits": {"train": 6, "validation": 0, "test": 0}},
        {"value": "<en>", "collections": 3, "splits": {"train": 2, "validation": 1, "test": 0}},
        {
            "value": "not given",
            "collections": 1,
            "splits": {"train": 0, "validation": 0, "test": 1},
        },
    ]
    client.force_login(erin.user)
    page = client.get(f"/w/acme/builds/{made.uid}/").text
    assert "&lt;en&gt;" in page
    assert "too few" in page
    assert "75%" in page
