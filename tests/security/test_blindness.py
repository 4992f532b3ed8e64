"""Judges who learn which model wrote what: names, ids, orders, in any page or answer.

Not a hole for thieves but for bias, and found in most annotation tools: the model's name in the
task's data, ids that count, an attribute in the DOM.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Draft, Task
from evalhub.campaigns.services.gold import add_place
from evalhub.gold.services.plans import set_plan
from evalhub.prompts.models import Completion
from evalhub.registry.models import LanguageModel
from tests.evalhub.judgments.conftest import client_of
from tests.evalhub.judgments.test_expert import everything_before_submit
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    ExpertAnswerFactory,
    GenerationFactory,
    LanguageModelFactory,
    PromptFactory,
    TaskFactory,
)
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
                yield url, every_byte_of(answer)
                yield from static_files_of(client, shown_by(answer).decode(errors="replace"))
    yield "claim", every_byte_of(claim(client, world))


def every_byte_of(answer: HttpResponse) -> str:
    """The body, and the names and values of the headers."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.items())
    return f"{headers}\n\n{shown_by(answer).decode(errors='replace')}"


def static_files_of(client: Client, html: str) -> Iterator[tuple[str, str]]:
    """Names and contents of the scripts and styles that a page loads."""
    for url in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html)):
        found = finders.find(url.removeprefix("/static/"))
        yield url, f"{url}\n{Path(str(found)).read_text(errors='replace') if found else ''}"


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
    assert set(claimed["task"]) == {
        "uid", "type", "conversation", "documents", "reference", "responses",
    }  # fmt: skip
    assert [set(each) for each in claimed["task"]["responses"]] == [{"label", "content"}] * 2
    assert [each["label"] for each in claimed["task"]["responses"]] == ["A", "B"]


@pytest.mark.slow
def test_neither_order_nor_ids_tell_the_models_apart(bob: Member, with_token: Enter) -> None:
    """A hundred pairs of the same two models, the older model's completion always made first.

    Each stands left about as often (27 to 73 times: chance misses that once in 250,000 runs),
    and every id that a claim shows is random: version 4, neither counting nor telling the time.
    """
    campaign = CampaignFactory.create(workspace=bob.workspace, hand_size=100)
    older, newer = (GenerationFactory.create(workspace=bob.workspace) for _ in range(2))
    for _ in range(100):
        task = TaskFactory.create(campaign=campaign, completions=[])
        for place, generation in enumerate((older, newer)):
            completion = CompletionFactory.create(prompt=task.prompt, generation=generation)
            task.placed.create(completion=completion, place=place)
    client, holding, left = with_token(bob), [], Counter[int]()
    for _ in range(100):
        url = f"/api/v1/campaigns/{campaign.uid}/claim"
        claimed = client.post(url, {"holding": holding[-99:]}, content_type="application/json")
        told = claimed.json()
        for uid in (told["assignment"], told["task"]["uid"], told["campaign"]):
            assert UUID(uid).version == 4
        content = told["task"]["responses"][0]["content"]
        left[Completion.objects.get(content=content).generation_id] += 1
        submit = {"token": told["token"], "submission_id": str(uuid4())}
        submit["preferences"] = [{"criterion": None, "choice": "tie"}]
        url = f"/api/v1/assignments/{told['assignment']}/submit"
        assert client.post(url, submit, content_type="application/json").status_code == 201
    assert 27 <= left[older.pk] <= 73


@pytest.mark.parametrize("way", ["page", "next", "claim"])
def test_a_response_that_introduces_itself_is_masked_where_the_campaign_asks(
    bob: Member, signed_in: Enter, with_token: Enter, way: str
) -> None:
    """And as long as before, so that a passage marked in it stays where it is.

    Earlier turns of the model, and what it hands to tools, tell no more than its response.
    """
    campaign = CampaignFactory.create(
        workspace=bob.workspace, masks_identity=True, type="rating", asks=["spans"]
    )
    text = "I am GPT-4, made by OpenAI. But you may call me Sky-Tuned-7."
    calls = [{"name": "send", "arguments": {"text": text, "to": ["me", {"from": text}], "n": 3}}]
    earlier = [
        {"role": "user", "content": "Who are you, GPT?"},
        {"role": "assistant", "content": text, "tool_calls": calls},
        {"role": "user", "content": "Really?"},
    ]
    prompt = PromptFactory.create(workspace=bob.workspace, messages=earlier)
    task = TaskFactory.create(campaign=campaign, completions=[], prompt=prompt)
    model = LanguageModelFactory.create(workspace=bob.workspace, name="Sky-Tuned-7")
    completion = CompletionFactory.create(
        prompt=task.prompt, content=text, tool_calls=calls, generation__model=model
    )
    task.placed.create(completion=completion, place=0)
    base = f"/w/acme/campaigns/{campaign.uid}/judge/"
    if way == "claim":
        url = f"/api/v1/campaigns/{campaign.uid}/claim"
        answer = with_token(bob).post(url, {}, content_type="application/json")
        told = answer.json()["task"]
        assert len(told["responses"][0]["content"]) == len(text)
        assert told["conversation"][1]["tool_calls"][0]["arguments"]["n"] == 3
        shown = json.dumps(told)
    else:
        answer = signed_in(bob).get(base + ("next/" if way == "next" else ""))
        shown = answer.content.decode()
    assert "But you may call me" in shown
    assert shown.count("GPT") == 1  # what the person asked
    for name in ("OpenAI", "Sky-Tuned"):
        assert name not in shown
    completion.refresh_from_db()
    assert completion.content == text


def test_a_gold_that_was_drawn_is_like_any_other_task(
    client: Client, alice: Member, bob: Member
) -> None:
    """Byte by byte, but for what changes by itself; and the figure of what is left tells nothing."""
    campaign = CampaignFactory.create(workspace=bob.workspace)
    gold = ExpertAnswerFactory.create(
        task__campaign=campaign, task__kind="gold", task__overlap=4, task__open_places=4
    )
    set_plan(campaign=campaign, share=5, exposure=9, by=alice)
    normal = TaskFactory.create(
        campaign=campaign, overlap=4, prompt=gold.task.prompt,
        completions=list(gold.task.completions.order_by("placed__place")),
    )  # fmt: skip
    client.force_login(bob.user)
    api = client_of(bob)
    usual = everything_before_submit(client, api, campaign)
    Draft.objects.all().delete()
    Assignment.objects.all().delete()
    Task.objects.filter(pk=normal.pk).update(overlap=3, open_places=3)
    add_place(task=gold.task, member=bob)
    drawn = everything_before_submit(client, api, campaign)
    assert Assignment.objects.get().task == gold.task
    for one, other in zip(usual, drawn, strict=True):
        for completion in gold.task.completions.all():  # shuffled anew for each
            one, other = (each.replace(completion.content, "response") for each in (one, other))
        assert one == other
