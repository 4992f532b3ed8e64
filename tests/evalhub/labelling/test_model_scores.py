"""A function that reads what a reward model's runs have stored; nothing is computed for it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.labelling.errors import UnfitFunction
from evalhub.labelling.grounds import prompts_of, tasks_of, trial_of
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.parameters import parameters_of
from evalhub.labelling.queries import with_voters
from evalhub.labelling.services.functions import change_function
from evalhub.prompts.models import Score
from tests.evalhub.labelling.conftest import OTHER, REFUND, added, labelled
from tests.evalhub.labelling.test_pages import at
from tests.factories import CompletionFactory, LanguageModelFactory

pytestmark = pytest.mark.django_db


def reward_model(workspace, name):
    parent = LanguageModelFactory.create(workspace=workspace)
    return LanguageModelFactory.create(workspace=workspace, kind="reward", name=name, parent=parent)


@pytest.fixture
def reward(alice):
    return reward_model(alice.workspace, "judge")


@pytest.fixture
def scored(tasks, reward):
    """Answers to the first three prompts: 0 and 2, 1 and 3, 2 and 4 by the model; 9 by another."""
    other = reward_model(reward.workspace, "another")
    for nth, task in enumerate(tasks[:3]):
        for value in (nth, nth + 2):
            answer = CompletionFactory.create(prompt=task.prompt)
            for model, given in ((reward, value), (other, 9)):
                Score.objects.create(completion=answer, model=model, value=given, run_uid=uuid4())
    return tasks


def test_it_votes_by_what_is_stored(campaign, criterion, scored, reward, alice):
    liked = {"model": str(reward.uid), "of": "highest", "at_least": 3}
    added(criterion, alice, "liked", REFUND, "model_score", **liked)
    added(criterion, alice, "a question", OTHER, pattern=r"\?$")

    run = labelled(campaign, criterion, alice)

    votes = run.votes.get(function__name="liked")
    keys = [
        int.from_bytes(votes.tasks[at : at + 8], "little") for at in range(0, len(votes.tasks), 8)
    ]
    assert keys == [scored[1].pk, scored[2].pk]
    shown = with_voters(run, list(run.proposals.order_by("task")))
    said = {each.task.pk: [*each.agreeing, *each.differing] for each in shown}
    assert said[scored[1].pk] == ["liked"]
    assert sorted(said[scored[2].pk]) == ["a question", "liked"]


def test_scores_are_read_once_for_a_thousand_rows_and_only_where_one_asks(
    campaign, criterion, scored, reward
):
    def read(models):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            found = [material.scores for _, material in tasks_of(campaign).materials(models)]
        return found, len(asked)

    plain, before = read([])
    assert plain == [{}] * 6
    found, after = read([reward.uid])
    assert found == [{reward.uid: [nth, nth + 2.0]} for nth in range(3)] + [{}] * 3
    assert after == before + 1


def test_the_trial_says_how_many_prompts_have_a_score(campaign, criterion, scored, reward):
    given = {"model": str(reward.uid), "of": "spread", "at_most": 2}
    trial = trial_of(tasks_of(campaign), parameters_of("model_score", given))
    assert (trial.votes, trial.scored, trial.tasks) == (3, 3, 6)
    collection = scored[0].prompt.collection
    assert trial_of(prompts_of(collection), parameters_of("model_score", given)).scored == 1
    assert trial_of(tasks_of(campaign), parameters_of("contains_code", {})).scored is None


def test_a_model_that_is_no_reward_model_here_is_refused(criterion, alice, elsewhere, reward):
    base = LanguageModelFactory.create(workspace=alice.workspace)
    strange = reward_model(elsewhere, "theirs")
    for model in (base, strange):
        with pytest.raises(UnfitFunction, match="no such reward model") as refused:
            added(criterion, alice, "x", REFUND, "model_score", model=str(model.uid), at_least=1)
        assert refused.value.data["field"] == "model"
    made = added(criterion, alice, "x", REFUND, "model_score", model=str(reward.uid), at_least=1)
    given = {"model": str(strange.uid), "at_least": 1}
    with pytest.raises(UnfitFunction):
        change_function(function=made, value=REFUND, parameters=given, by=alice)


def test_a_lead_adds_one_by_the_form_and_changes_it(
    client, alice, campaign, criterion, scored, reward
):
    client.force_login(alice.user)
    page = f"{at(campaign, 'function_new')}?kind=model_score"
    assert "judge" in client.get(page).text
    sent = {"name": "liked", "value": "1", "model": str(reward.uid), "of": "mean", "at_least": "2"}
    assert client.post(page, sent).status_code == 302
    made = LabellingFunction.objects.get()
    assert made.parameters == {"model": str(reward.uid), "of": "mean", "at_least": 2.0}
    again = f"/w/acme/labelling-functions/{made.uid}/"
    shown = client.get(again)
    assert "3 of them have a score of this model" in shown.text
    assert client.post(page, sent | {"model": str(uuid4())}).status_code == 422


def test_the_trial_names_what_is_missing(client, alice, campaign, criterion, tasks, reward):
    client.force_login(alice.user)
    sent = {"name": "x", "value": "1", "model": str(reward.uid), "of": "mean", "at_least": "x"}
    page = f"{at(campaign, 'function_new')}?kind=model_score"
    assert client.post(page, sent).status_code == 422
    told = client.post(page, sent | {"at_least": "1", "value": "7"}).text
    assert "No answer to these prompts has a score of this model yet" in told
