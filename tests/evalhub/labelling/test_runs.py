from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from evalhub.audit.models import Entry
from evalhub.labelling.errors import (
    FunctionNameTaken,
    FunctionRetired,
    UnfitFunction,
    UnfitLabelling,
)
from evalhub.labelling.figures import figures_from
from evalhub.labelling.grounds import tasks_of, trial_of
from evalhub.labelling.models import FunctionVotes, LabellingFunction, Proposal
from evalhub.labelling.parameters import parameters_of
from evalhub.labelling.queries import newest_run, overview_of
from evalhub.labelling.services.functions import change_function, retire_function
from evalhub.labelling.services.runs import start_labelling
from tests.evalhub.labelling.conftest import OTHER, REFUND, added, labelled, said
from tests.factories import MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


def test_a_run_keeps_votes_figures_and_proposals(campaign, criterion, tasks, functions, alice):
    run = labelled(campaign, criterion, alice)

    kept = {each.function.name: each.tasks for each in run.votes.select_related("function")}
    voted = {name: np.frombuffer(keys, "<i8").tolist() for name, keys in kept.items()}
    keys = [task.pk for task in tasks]
    assert voted == {
        "refund": [keys[0], keys[1], keys[4]],
        "money back": [keys[1], keys[3]],
        "a question": [keys[2], keys[4]],
    }
    figures = figures_from(run.figures)
    by_name = {each.name: each for each in figures.functions}
    assert (figures.tasks, figures.covered) == (6, 5)
    assert (by_name["refund"].overlaps, by_name["refund"].conflicts) == (2, 1)
    assert 0.5 < by_name["refund"].accuracy < 1
    proposed = dict(run.proposals.values_list("task", "value"))
    assert proposed[keys[1]] == REFUND
    assert proposed[keys[2]] == OTHER
    assert keys[5] not in proposed  # nothing votes on it
    surest = run.proposals.get(task=keys[1])
    assert (surest.votes_for, surest.votes_against) == (2, 0)
    assert surest.probability == max(run.proposals.values_list("probability", flat=True))


def test_accuracy_is_measured_against_people_and_not_against_what_was_confirmed(
    campaign, criterion, tasks, functions, alice, bob
):
    said(tasks[0], criterion, bob, REFUND)
    said(tasks[4], criterion, bob, OTHER)
    said(tasks[1], criterion, bob, OTHER, saw_proposal=True)  # its own word
    said(tasks[3], criterion, bob, REFUND, source="model")  # no person
    carol = MemberFactory.create(workspace=alice.workspace)
    for member, value in [(bob, REFUND), (carol, OTHER)]:  # a tie is no label
        said(tasks[2], criterion, member, value)

    figures = figures_from(labelled(campaign, criterion, alice).figures)

    refund = next(each for each in figures.functions if each.name == "refund")
    assert (refund.right, refund.labelled) == (1, 2)
    assert refund.measured.low == pytest.approx(0.09, abs=0.01)  # Wilson, 1 of 2
    assert figures.labelled == 2


def test_only_tasks_that_make_data_are_voted_on(campaign, criterion, functions, alice):
    TaskFactory.create(campaign=campaign, kind="gold")
    assert labelled(campaign, criterion, alice).figures["tasks"] == 0


def test_a_new_run_takes_the_place_of_the_one_before(campaign, criterion, tasks, functions, alice):
    first = labelled(campaign, criterion, alice)
    retire_function(function=functions[2], by=alice)
    assert overview_of(criterion, first).is_stale

    second = labelled(campaign, criterion, alice)

    assert set(Proposal.objects.values_list("run", flat=True)) == {second.pk}
    assert set(FunctionVotes.objects.values_list("run", flat=True)) == {second.pk}
    first.refresh_from_db()
    assert len(first.figures["functions"]) == 3
    assert not overview_of(criterion, newest_run(campaign, criterion)).is_stale


def test_a_function_whose_pattern_is_too_slow_is_stopped_and_votes_nothing(
    campaign, criterion, alice, monkeypatch
):
    monkeypatch.setattr("evalhub.labelling.polling.MOST_GIVEN_UP", 2)
    for text in ("b", "a" * 60 + "b", "a" * 60 + "b", "aaa"):
        turns = [{"role": "user", "content": text}]
        TaskFactory.create(campaign=campaign, prompt__messages=turns)
    added(criterion, alice, "slow", REFUND, pattern="(a|aa)+$")
    added(criterion, alice, "b", OTHER, pattern="b")

    run = labelled(campaign, criterion, alice)

    slow = next(each for each in figures_from(run.figures).functions if each.name == "slow")
    assert (slow.is_stopped, slow.gave_up, slow.votes) == (True, 2, 0)


def test_two_who_ask_at_once_get_the_same_run(campaign, criterion, functions, alice):
    first = start_labelling(campaign=campaign, criterion=criterion, by=alice)
    assert start_labelling(campaign=campaign, criterion=criterion, by=alice) == first


def test_without_a_function_there_is_nothing_to_run(campaign, criterion, alice):
    with pytest.raises(UnfitLabelling):
        start_labelling(campaign=campaign, criterion=criterion, by=alice)


def test_a_change_is_a_new_version_and_the_old_one_stays(criterion, functions, alice):
    changed = change_function(
        function=functions[0], value=OTHER, parameters={"pattern": "tax"}, by=alice
    )
    functions[0].refresh_from_db()
    assert (changed.number, changed.votes_for) == (2, "other")
    assert functions[0].retired_at is not None
    assert functions[0].parameters == {"pattern": "refund"}
    with pytest.raises(FunctionRetired):
        change_function(function=functions[0], value=1, parameters={"pattern": "x"}, by=alice)
    event = Entry.objects.get(verb="labelling_function.changed")
    assert (event.actor, event.details["number"]) == ("alice", 2)


def test_a_name_is_taken_while_it_is_active(criterion, functions, alice):
    with pytest.raises(FunctionNameTaken):
        added(criterion, alice, "refund", REFUND, pattern="x")
    retire_function(function=functions[0], by=alice)
    assert added(criterion, alice, "refund", REFUND, pattern="x").number == 2
    assert LabellingFunction.objects.active().count() == 3


def test_a_value_outside_the_scale_is_refused(criterion, alice):
    with pytest.raises(UnfitFunction) as refused:
        added(criterion, alice, "three", 3, pattern="x")
    assert refused.value.data["field"] == "value"


def test_a_function_is_tried_on_a_sample_with_examples(campaign, criterion, tasks):
    trial = trial_of(tasks_of(campaign), parameters_of("regex", {"pattern": "refund"}))
    assert (trial.tasks, trial.votes) == (6, 3)
    assert "I want a refund for my order" in trial.examples


def test_the_command_prints_figures_and_stores_nothing(
    campaign, criterion, tasks, functions, alice
):
    out = StringIO()
    call_command("label_functions", campaign=str(campaign.uid), json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert told["criterion"] == "topic"
    assert told["functions"][0]["coverage"] == 0.5
    assert not Proposal.objects.exists()
    call_command("label_functions", campaign=str(campaign.uid), stdout=out)
    assert "estimated" in out.getvalue()
    with pytest.raises(CommandError, match="No such criterion"):
        call_command("label_functions", campaign=str(campaign.uid), criterion="tone")
