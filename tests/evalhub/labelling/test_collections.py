"""Functions on prompts that no campaign has yet, and functions that go on under a new version."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evalhub.audit.models import Entry
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.labelling.figures import figures_from
from evalhub.labelling.grounds import prompts_of, trial_of
from evalhub.labelling.jobs import label_collection
from evalhub.labelling.models import CollectionRun, LabellingFunction, PromptProposal
from evalhub.labelling.parameters import parameters_of
from evalhub.labelling.queries import functions_before, prompts_after
from evalhub.labelling.services.carrying import carry_functions
from evalhub.labelling.services.functions import change_function, retire_function
from evalhub.labelling.services.runs import start_labelling_collection
from evalhub.rubrics.carried import Decision
from evalhub.rubrics.carrying import set_carry_rules
from evalhub.rubrics.models import Carrying
from tests.evalhub.labelling.conftest import OTHER, REFUND, TEXTS, added, labelled, said
from tests.factories import (
    CollectionFactory,
    CriterionFactory,
    PromptFactory,
    RubricVersionFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def lead(client, alice):
    client.force_login(alice.user)
    return client


@pytest.fixture
def collection(alice):
    return CollectionFactory.create(workspace=alice.workspace, slug="mail", name="Mail")


@pytest.fixture
def prompts(collection):
    turns = ([{"role": "user", "content": text}] for text in TEXTS)
    return [PromptFactory.create(collection=collection, messages=each) for each in turns]


@pytest.fixture
def later(criterion):
    """The same question in the next version: three topics in the place of two."""
    version = RubricVersionFactory.create(rubric=criterion.version.rubric, number=2)
    return CriterionFactory.create(
        version=version, slug="topic", name="Topic", kind="choice", low=1, high=3,
        anchors={"1": "other", "2": "refund", "3": "complaint"},
    )  # fmt: skip


def ran(collection, criterion, by) -> CollectionRun:
    """A run that ended."""
    run = start_labelling_collection(collection=collection, criterion=criterion, by=by)
    lease = timezone.now() + timedelta(minutes=5)
    Job.objects.filter(pk=run.job_id).update(state="running", attempt=1, lease_expires_at=lease)
    run.job.refresh_from_db()
    label_collection(run.job, Beat(run.job))
    Job.objects.filter(pk=run.job_id).update(state="succeeded", ended_at=timezone.now())
    run.refresh_from_db()
    return run


def test_functions_vote_on_prompts_that_no_campaign_has(
    collection, prompts, criterion, functions, alice
):
    run = ran(collection, criterion, alice)

    figures = figures_from(run.figures)
    proposed = dict(run.proposals.values_list("prompt", "value"))
    assert (figures.tasks, figures.covered, figures.labelled) == (6, 5, 0)
    assert proposed[prompts[1].pk] == REFUND
    assert proposed[prompts[2].pk] == OTHER
    assert prompts[5].pk not in proposed


def test_a_campaign_on_the_same_prompts_gets_the_same_proposals(
    collection, prompts, campaign, criterion, functions, alice
):
    """So what is seen on the collection is what people are asked to confirm."""
    on_prompts = ran(collection, criterion, alice)
    for prompt in prompts:
        TaskFactory.create(campaign=campaign, prompt=prompt)

    on_tasks = labelled(campaign, criterion, alice)

    told = ["value", "probability", "votes_for", "votes_against"]
    here = sorted(on_prompts.proposals.values_list("prompt", *told))
    assert here == sorted(on_tasks.proposals.values_list("task__prompt", *told))
    assert len(here) == 5


def test_what_people_said_of_a_prompt_measures_the_functions(
    collection, prompts, campaign, criterion, functions, alice, bob
):
    said(TaskFactory.create(campaign=campaign, prompt=prompts[0]), criterion, bob, REFUND)
    said(TaskFactory.create(campaign=campaign, prompt=prompts[4]), criterion, bob, OTHER)

    figures = figures_from(ran(collection, criterion, alice).figures)

    refund = next(each for each in figures.functions if each.name == "refund")
    assert (refund.right, refund.labelled, figures.labelled) == (1, 2, 2)


def test_archived_prompts_are_not_read_and_not_shown(
    collection, prompts, criterion, functions, alice
):
    prompts[0].archived_at = timezone.now()
    prompts[0].save()
    run = ran(collection, criterion, alice)
    assert run.figures["tasks"] == 5

    prompts[1].archived_at = timezone.now()
    prompts[1].save()

    assert prompts[1].pk not in {each.prompt_id for each in prompts_after(run).rows}
    trial = trial_of(prompts_of(collection), parameters_of("regex", {"pattern": "refund"}))
    assert (trial.tasks, trial.votes) == (4, 1)


def test_a_new_run_takes_the_place_of_the_one_before(
    collection, prompts, criterion, functions, alice
):
    first, second = (ran(collection, criterion, alice) for _ in range(2))

    assert set(PromptProposal.objects.values_list("run", flat=True)) == {second.pk}
    assert first.figures == second.figures
    running = start_labelling_collection(collection=collection, criterion=criterion, by=alice)
    again = start_labelling_collection(collection=collection, criterion=criterion, by=alice)
    assert running == again


def test_a_lead_works_on_a_collection_page_by_page(
    lead, collection, prompts, criterion, functions, alice
):
    base = reverse("labelling:collection_overview", args=[alice.workspace.slug, "mail"])
    query = f"criterion={criterion.uid}"
    told = lead.post(
        f"{base}new/?{query}&kind=regex",
        {"name": "hello", "value": "2", "pattern": "morning", "part": "last_turn"},
    )
    assert told.status_code == 302
    assert told.url == f"{base}?{query}"
    assert lead.post(f"{base}run/?{query}").status_code == 302
    CollectionRun.objects.all().delete()
    ran(collection, criterion, alice)

    overview = lead.get(f"{base}?{query}").text
    assert "Before" not in overview
    assert "of 6" in overview
    function = LabellingFunction.objects.get(name="hello")
    edit = reverse("labelling:function_edit", args=[alice.workspace.slug, function.uid])
    assert f"{edit}?collection=mail" in overview
    assert f"{base}?{query}" in lead.get(f"{edit}?collection=mail").text

    page = lead.get(f"{base}proposals/?{query}&value={REFUND}").text
    assert "Refund me" in page
    assert "change my password" not in page
    assert 'name="act"' not in page  # nothing is confirmed without a task


def test_the_api_of_a_collection(lead, collection, prompts, criterion, functions, alice, erin):
    base = f"/api/v1/collections/{collection.uid}"
    body = {"criterion": str(criterion.uid)}
    assert lead.post(f"{base}/labelling-runs", body, JSON).status_code == 202
    CollectionRun.objects.all().delete()
    ran(collection, criterion, alice)

    told = lead.get(f"{base}/labelling-functions").json()  # the one question with functions
    assert told["criterion"] == str(criterion.uid)
    assert told["run"]["proposed"] == 5
    first = lead.get(f"{base}/proposals").json()["results"][0]
    assert first["prompt"] == str(prompts[1].uid)
    new = body | {"name": "n", "value": 1, "kind": "regex", "parameters": {"pattern": "x"}}
    assert lead.post(f"{base}/labelling-functions", new, JSON).status_code == 201
    assert lead.get(f"{base}/proposals?criterion=tone").status_code == 404

    lead.force_login(erin.user)
    assert lead.get(f"{base}/labelling-functions").status_code == 200
    assert lead.post(f"{base}/labelling-runs", {}, JSON).status_code == 403


def test_where_answers_are_kept_functions_go_on_as_they_are(criterion, functions, alice):
    version = RubricVersionFactory.create(rubric=criterion.version.rubric, number=2)
    same = CriterionFactory.create(
        version=version, slug="topic", name=criterion.name, question=criterion.question,
        kind="choice", low=1, high=2, anchors=criterion.anchors,
    )  # fmt: skip

    carried = carry_functions(criterion=same, by=alice)

    told = {(each.name, each.value, each.carried_from) for each in carried.made}
    assert told == {(each.name, each.value, each) for each in functions}
    assert carried.left == []
    assert LabellingFunction.objects.of(criterion).active().count() == 3  # the campaign goes on
    assert Entry.objects.filter(verb="labelling_function.carried").count() == 3


def test_where_answers_are_mapped_a_function_votes_for_what_its_value_becomes(
    later, functions, alice
):
    rules = {"topic": Decision(Carrying.MAP, {REFUND: 2}, is_said=True)}
    set_carry_rules(version=later.version, rules=rules, by=alice)

    carried = carry_functions(criterion=later, by=alice)

    assert {(each.name, each.value) for each in carried.made} == {("refund", 2), ("money back", 2)}
    assert [(each.function.name, each.why) for each in carried.left] == [
        ("a question", "No answer becomes of “other” under the new version.")
    ]


def test_where_the_question_is_asked_again_functions_stay_behind(later, functions, alice):
    carried = carry_functions(criterion=later, by=alice)

    assert carried.made == []
    assert {each.why for each in carried.left} == {
        "Answers to this question are asked again under the new version."
    }


def test_what_was_carried_is_carried_once_even_when_it_was_changed_or_retired(
    later, functions, alice
):
    rules = {"topic": Decision(Carrying.MAP, {REFUND: 2, OTHER: 1}, is_said=True)}
    set_carry_rules(version=later.version, rules=rules, by=alice)
    first, second, _ = carry_functions(criterion=later, by=alice).made
    retire_function(function=first, by=alice)
    change_function(function=second, value=3, parameters=second.parameters, by=alice)

    again = carry_functions(criterion=later, by=alice)

    assert again == ([], [])
    assert functions_before(later) == []
    assert LabellingFunction.objects.of(later).active().count() == 2


def test_a_name_that_is_taken_is_left_and_said(later, functions, alice):
    rules = {"topic": Decision(Carrying.MAP, {REFUND: 2, OTHER: 1}, is_said=True)}
    set_carry_rules(version=later.version, rules=rules, by=alice)
    added(later, alice, "refund", 3, pattern="give me")

    carried = carry_functions(criterion=later, by=alice)

    assert [each.function.name for each in carried.left] == ["refund"]
    assert "called so already" in carried.left[0].why
    assert len(carried.made) == 2


def test_the_page_and_the_api_carry_over(lead, collection, later, functions, alice):
    rules = {"topic": Decision(Carrying.MAP, {REFUND: 2}, is_said=True)}
    set_carry_rules(version=later.version, rules=rules, by=alice)
    base = reverse("labelling:collection_overview", args=[alice.workspace.slug, "mail"])
    assert "Carry them over" in lead.get(f"{base}?criterion={later.uid}").text

    page = lead.post(f"{base}carry/?criterion={later.uid}", follow=True).text

    assert "2 carried over." in page
    assert "“a question” stays behind." in page
    url = f"/api/v1/collections/{collection.uid}/labelling-functions/carry"
    told = lead.post(url, {"criterion": str(later.uid)}, JSON).json()
    assert (told["carried"], len(told["left"])) == ([], 1)
