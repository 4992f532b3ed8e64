"""Judges who learn which model wrote what: names, ids, orders, in any page or answer.

Not a hole for thieves but for bias, and found in most annotation tools: the model's name in the
task's data, ids that count, an attribute in the DOM.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from django.http import HttpResponse
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.prompts.models import Completion
from evalhub.registry.models import LanguageModel
from tests.security.pages import shown_by
from tests.security.routes import all_routes
from tests.security.world import World

Enter = Callable[[Member], Client]


def what_gives_it_away() -> list[str]:
    """Names and ids of the models, generations and completions that there are."""
    for number, model in enumerate(LanguageModel.objects.order_by("pk")):
        LanguageModel.objects.filter(pk=model.pk).update(name=f"rival-model-{number}")
    found = []
    for completion in Completion.objects.select_related("generation__model"):
        generation = completion.generation
        found += [str(completion.uid), str(generation.uid), str(generation.model.uid)]
        found += [generation.model.name, f'"{completion.external_id}"']
    return found


def everything_for(client: Client, owner: Client, world: World) -> Iterator[tuple[str, str]]:
    """What an annotator's GETs and a claim bring; nobody sees more pages than an owner."""
    for route in all_routes():
        for url in route.opening(owner, world):
            answer = client.get(url)
            if answer.status_code == 200:
                yield url, shown_by(answer).decode()
    yield "claim", claim(client, world).content.decode()


def claim(client: Client, world: World) -> HttpResponse:
    url = f"/api/v1/campaigns/{world.uids['Campaign']}/claim"
    return client.post(url, {}, content_type="application/json")


@pytest.mark.slow
def test_nothing_an_annotator_can_reach_tells_which_model_wrote_a_response(
    world: World, bob: Member, olga: Member, signed_in: Enter
) -> None:
    given_away = what_gives_it_away()
    answers = dict(everything_for(signed_in(bob), signed_in(olga), world))
    assert any("/judge/" in url for url in answers), "the page where bob judges was not opened"
    assert "responses" in answers["claim"]
    for url, text in answers.items():
        assert not [each for each in given_away if each in text], url


def test_a_response_is_named_by_its_letter_and_nothing_else(
    world: World, bob: Member, with_token: Enter
) -> None:
    claimed = json.loads(claim(with_token(bob), world).content)
    assert set(claimed["task"]) == {"uid", "type", "conversation", "responses"}
    assert [set(each) for each in claimed["task"]["responses"]] == [{"label", "content"}] * 2
    assert [each["label"] for each in claimed["task"]["responses"]] == ["A", "B"]
