"""The reports on agreement and of models, by the command, on judgments in the database."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import preferences_of, ratings_of
from evalhub.rubrics.models import Criterion
from evalhub.stats.agreement import Level, alpha, coded, coincidences
from tests import factories as make

pytestmark = pytest.mark.django_db


def report(kind: str, campaign: Campaign) -> dict[str, Any]:
    out = StringIO()
    call_command("report", kind, "--campaign", str(campaign.uid), "--json", stdout=out)
    made: dict[str, Any] = json.loads(out.getvalue())
    return made


def say(
    task: Task, by: Member, margin: int, value: int | None = None, *, shown: str = "first"
) -> Judgment:
    """A preference and, when there is one, a value for the first completion on `clarity`."""
    held = make.AssignmentFactory.create(
        task=task, member=by, state="submitted", permutation=[0, 1] if shown == "first" else [1, 0]
    )
    judgment = make.JudgmentFactory.create(task=task, member=by, assignment=held)
    first, second = (each.completion for each in task.placed.order_by("place"))
    make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)
    if value is not None:
        criterion = Criterion.objects.get(version=task.campaign.rubric_version, slug="clarity")
        make.RatingFactory.create(
            judgment=judgment,
            completion=first,
            criterion=criterion,
            value=value or None,
            reason="" if value else "unclear",
        )
    return judgment


@pytest.fixture
def people(acme: Workspace) -> list[Member]:
    return [
        make.MemberFactory.create(workspace=acme, pseudonym=name) for name in ("auk", "bee", "cod")
    ]


@pytest.fixture
def tasks(campaign: Campaign, task: Task) -> list[Task]:
    """Four tasks on the same two models."""
    models = [each.completion.generation.model for each in task.placed.order_by("place")]
    more = []
    for nth in range(3):
        prompt = make.PromptFactory.create(collection=task.prompt.collection, external_id=f"p{nth}")
        answers = [
            make.CompletionFactory.create(prompt=prompt, generation__model=model)
            for model in models
        ]
        more.append(make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers))
    return [task, *more]


def test_agreement_of_ratings_and_preferences(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    given = np.array([[1, 2, 5, 4], [1, 2, 4, 4], [5, 2, 5, 4]])
    for person, values in zip(people, given, strict=True):
        for task, value in zip(tasks, values, strict=True):
            say(task, person, 1 if value > 3 else -1, int(value))
    say(tasks[0], make.MemberFactory.create(workspace=campaign.workspace, pseudonym="dog"), 1, 0)
    found = {each["question"]: each for each in report("agreement", campaign)["questions"]}

    unit, rater = np.tile(np.arange(4), 3), np.repeat(np.arange(3), 4)
    answers = coded(unit, rater, given.ravel().astype(float))
    expected = alpha(
        coincidences(answers.counts()), values_V=answers.values_V, level=Level.ORDINAL
    )[0]
    clarity = found["clarity"]
    assert clarity["alpha"]["value"] == pytest.approx(expected)
    assert clarity["alpha"]["low"] <= expected <= clarity["alpha"]["high"]
    assert (clarity["level"], clarity["answers"], clarity["missing"]) == ("ordinal", 12, 1)
    assert clarity["worst"][0]["task"] == str(tasks[0].uid)
    assert [each["annotator"] for each in clarity["people"]] == ["auk", "bee", "cod"]
    assert {(each["first"], each["second"]) for each in clarity["pairs"]} == {
        ("auk", "bee"),
        ("auk", "cod"),
        ("bee", "cod"),
    }
    assert found["overall"]["level"] == "nominal"
    assert found["overall"]["answers"] == 13
    assert {each["answer"]: each["n"] for each in clarity["values"]} == {
        "1": 2,
        "2": 3,
        "4": 4,
        "5": 3,
    }
    assert sum(each["value"] for each in clarity["values"]) == pytest.approx(1)
    assert all(each["low"] < each["value"] < each["high"] for each in clarity["values"])
    assert found["overall"]["values"] == []


def test_numbers_of_many_values(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    Criterion.objects.filter(slug="clarity").update(kind="number", low=0, high=10_000)
    criterion = Criterion.objects.get(slug="clarity")
    chance = np.random.default_rng(5)
    base, given = chance.integers(0, 9_000, 30), []
    prompts = [
        make.TaskFactory.create(
            campaign=campaign, completions=[each.completion for each in tasks[0].placed.all()]
        )
        for _each in base
    ]
    for task, value in zip(prompts, base.tolist(), strict=True):
        for person in people[:2]:
            said = value + int(chance.integers(0, 900))
            given.append(said)
            judgment = make.JudgmentFactory.create(
                task=task,
                member=person,
                assignment=make.AssignmentFactory.create(
                    task=task, member=person, state="submitted", permutation=[0, 1]
                ),
            )
            make.RatingFactory.create(
                judgment=judgment, completion=None, criterion=criterion, value=said
            )
    found = {each["question"]: each for each in report("agreement", campaign)["questions"]}
    answers = coded(np.repeat(np.arange(30), 2), np.tile([0, 1], 30), np.array(given, dtype=float))
    expected = alpha(
        coincidences(answers.counts()), values_V=answers.values_V, level=Level.INTERVAL
    )[0]
    assert found["clarity"]["level"] == "interval"
    assert found["clarity"]["alpha"]["value"] == pytest.approx(expected)
    [pair] = found["clarity"]["pairs"]
    assert pair["alpha"] == pytest.approx(expected)  # two people are all
    assert pair["low"] < expected < pair["high"]
    assert pair["kappa"] is None  # a table of 60 values says nothing
    assert (pair["kappa_undefined"], pair["kappa_interval"]["low"]) == ("many_values", None)
    assert found["clarity"]["percent"]["value"] is None
    assert found["clarity"]["percent"]["undefined"] == "many_values"
    assert found["clarity"]["fleiss"]["undefined"] == "many_values"


CANONICAL = (  # Krippendorff 2011: 4 observers, 12 units
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def canonical(campaign: Campaign, task: Task, *, true_zero: bool) -> None:
    """The table as a campaign in which people count something."""
    Criterion.objects.filter(slug="clarity").update(
        kind="number", low=0, high=10_000, true_zero=true_zero
    )
    criterion = Criterion.objects.get(slug="clarity")
    completions = [each.completion for each in task.placed.all()]
    units = [
        make.TaskFactory.create(campaign=campaign, completions=completions) for _each in range(12)
    ]
    for row in CANONICAL:
        member = make.MemberFactory.create(workspace=campaign.workspace)
        for unit, value in zip(units, row, strict=True):
            held = make.AssignmentFactory.create(
                task=unit, member=member, state="submitted", permutation=[0, 1]
            )
            make.RatingFactory.create(
                judgment=make.JudgmentFactory.create(task=unit, member=member, assignment=held),
                completion=None,
                criterion=criterion,
                value=value,
                reason="" if value else "unclear",
            )


@pytest.mark.parametrize(
    ("true_zero", "level", "expected"), [(True, "ratio", 0.797), (False, "interval", 0.849)]
)
def test_a_number_whose_0_means_none_is_taken_as_ratio(
    campaign: Campaign, task: Task, *, true_zero: bool, level: str, expected: float
) -> None:
    canonical(campaign, task, true_zero=true_zero)
    [clarity] = report("agreement", campaign)["questions"]
    assert (clarity["level"], clarity["answers"], clarity["missing"]) == (level, 41, 7)
    assert clarity["alpha"]["value"] == pytest.approx(expected, abs=5e-4)
    assert clarity["alpha"]["low"] < expected < clarity["alpha"]["high"]
    assert clarity["alphas"][level] == pytest.approx(clarity["alpha"]["value"])
    assert [row["alpha"]["value"] for row in clarity["rows"]] == [clarity["alpha"]["value"]]
    assert len(clarity["people"]) == 4
    assert all(each["alpha"] is not None for each in (*clarity["people"], *clarity["pairs"]))
    [reliable] = report("reliability", campaign)["questions"]
    assert reliable["model"] == "scores"
    out = StringIO()
    call_command("report", "agreement", "--campaign", str(campaign.uid), stdout=out)
    assert level in out.getvalue()
    assert f" {expected:.3f} " in out.getvalue()


def test_no_value_has_its_reason(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    assert report("agreement", campaign)["questions"] == []
    say(tasks[0], people[0], 1)
    alone = report("agreement", campaign)["questions"][0]
    assert (alone["alpha"]["value"], alone["undefined"]) == (None, "no_pairs")
    assert (alone["percent"]["value"], alone["percent"]["undefined"]) == (None, "no_pairs")
    assert (alone["fleiss"]["value"], alone["fleiss"]["undefined"]) == (None, "no_pairs")
    say(tasks[0], people[1], 2)
    same = report("agreement", campaign)["questions"][0]
    assert (same["alpha"]["value"], same["undefined"]) == (None, "one_value")
    assert (same["percent"]["value"], same["percent"]["undefined"]) == (1, None)
    assert (same["fleiss"]["value"], same["fleiss"]["undefined"]) == (None, "one_value")
    [pair] = same["pairs"]
    assert (pair["kappa"], pair["kappa_undefined"]) == (None, "one_value")
    assert pair["percent_interval"]["low"] < pair["percent"] == 1


def test_kappas_of_two_have_intervals(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    """By hand: of twelve both say the first five times, both the second four times, and differ three times,
    once one way and twice the other. Alike 9 / 12; by chance 6/12 · 7/12 + 6/12 · 5/12 = 1/2; kappa 1/2.
    """
    models = [each.completion.generation.model for each in tasks[0].placed.order_by("place")]
    sides = [(1, 1)] * 5 + [(-1, -1)] * 4 + [(1, -1)] + [(-1, 1)] * 2
    for margins in sides:
        prompt = make.PromptFactory.create(collection=tasks[0].prompt.collection)
        answers = [
            make.CompletionFactory.create(prompt=prompt, generation__model=model)
            for model in models
        ]
        task = make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)
        for person, margin in zip(people, margins, strict=False):
            say(task, person, margin)
    [pair] = report("agreement", campaign)["questions"][0]["pairs"]
    assert (pair["percent"], pair["kappa"]) == (0.75, pytest.approx(0.5))
    assert pair["kappa_interval"]["low"] < 0.5 < pair["kappa_interval"]["high"]
    reach = pair["kappa_interval"]["high"] - 0.5
    assert reach == pytest.approx(1.96 * pair["error"], rel=1e-3)
    assert pair["percent_interval"] == {
        "low": pytest.approx(0.468, abs=1e-3),
        "high": pytest.approx(0.911, abs=1e-3),
    }
    assert pair["kappa_undefined"] is None


def test_only_what_people_said_last_themselves_counts(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    early = say(tasks[0], people[0], 1, 2)
    later = make.JudgmentFactory.create(
        task=tasks[0], member=people[0], assignment=early.assignment, supersedes=early
    )
    first, second = (each.completion for each in tasks[0].placed.order_by("place"))
    make.PreferenceFactory.create(judgment=later, first=first, second=second, margin=-3)
    withdrawn = say(tasks[1], people[0], 1, 2)
    Judgment.objects.filter(pk=withdrawn.pk).update(withdrawn_at=withdrawn.judged_at)
    say(
        make.TaskFactory.create(campaign=campaign, kind="repeat", completions=[first, second]),
        people[0],
        1,
    )
    assert ratings_of(campaign).value.tolist() == []
    found = preferences_of(campaign)
    assert (found.margin.tolist(), found.place.tolist()) == ([-3], [1])


def test_the_order_of_a_pair_does_not_matter(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    judgment = say(tasks[0], people[0], 2, shown="second")
    preference = judgment.preferences.get()
    first, second = preference.first, preference.second
    judgment.preferences.update(first=second, second=first, margin=-2)
    found = preferences_of(campaign)
    assert (found.first.tolist(), found.second.tolist()) == ([first.pk], [second.pk])
    assert (found.margin.tolist(), found.place.tolist()) == ([2], [-1])


def test_leaderboard(campaign: Campaign, tasks: list[Task], people: list[Member]) -> None:
    for nth, task in enumerate(tasks):
        for person in people:
            say(task, person, -1 if nth == 0 else 2, shown="first" if nth % 2 else "second")
    found = report("leaderboard", campaign)["boards"][0]
    assert found["judgments"] == 12
    assert [each["model"] for each in found["models"]] == ["llama", "gemma"]
    assert found["models"][0]["strength"] > 0 > found["models"][1]["strength"]
    rate = {(each["model"], each["against"]): each["win_rate"] for each in found["matrix"]}
    assert rate == {("llama", "gemma"): 0.75, ("gemma", "llama"): 0.25}
    assert found["position"]["low"] <= found["position"]["value"] <= found["position"]["high"]
    assert found["warnings"] == {"unlinked": [], "unbounded": []}


def test_a_leaderboard_weighs_people_by_how_well_they_tell_models_apart(
    campaign: Campaign, task: Task, people: list[Member]
) -> None:
    """Of five people one always says the opposite: she counts the other way round, and what everybody
    would be worth alike stands beside it.
    """
    models = [each.completion.generation.model for each in task.placed.order_by("place")]
    workspace = campaign.workspace
    crowd = [
        *people,
        *(make.MemberFactory.create(workspace=workspace, pseudonym=n) for n in ("dog", "elk")),
    ]
    for nth in range(30):
        prompt = make.PromptFactory.create(collection=task.prompt.collection)
        answers = [
            make.CompletionFactory.create(prompt=prompt, generation__model=model)
            for model in models
        ]
        asked = make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)
        for person in crowd:
            margin = -1 if nth % 5 == 0 else 1  # four in five for the first
            turned = -margin if person.pseudonym == "elk" else margin
            say(asked, person, turned, shown="first" if nth % 2 else "second")
    found = report("leaderboard", campaign)["boards"][0]
    told = {each["annotator"]: each["discrimination"] for each in found["people"]}
    assert list(told) == ["auk", "bee", "cod", "dog", "elk"]
    assert told["elk"]["high"] < 0 < told["auk"]["low"] <= 1 <= told["auk"]["high"]
    assert {each["judgments"] for each in found["people"]} == {30}
    first = found["models"][0]
    assert first["alike"]["strength"] < first["strength"] == pytest.approx(np.log(4) / 2, abs=0.1)
    assert first["alike"]["low"] < first["alike"]["strength"] < first["alike"]["high"]
    assert all("people" not in each for each in found["slices"])


def test_tables_for_people_to_read(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    say(tasks[0], people[0], 1)
    for kind, word in (("agreement", "no_pairs"), ("leaderboard", "llama")):
        out = StringIO()
        call_command("report", kind, "--campaign", str(campaign.uid), stdout=out)
        assert word in out.getvalue()


def test_an_unknown_campaign_is_said() -> None:
    uid = "6f2c2f8e-3f0a-4a59-9a6f-0d7f3c9f2b11"
    with pytest.raises(CommandError, match=uid):
        call_command("report", "agreement", "--campaign", uid)


def test_the_answers_come_in_one_order_whatever_the_database_plans(
    campaign: Campaign, people: list[Member]
) -> None:
    for nth, task in enumerate(make.TaskFactory.create_batch(12, campaign=campaign)):
        for person in people:
            say(task, person, margin=1, value=1 + nth % 5)
    as_it_is = ratings_of(campaign), preferences_of(campaign)
    with connection.cursor() as cursor:
        for table in ("rating", "preference"):  # the first rows move behind the others
            cursor.execute(
                f"UPDATE judgments_{table} SET criterion_id = criterion_id WHERE judgment_id IN"
                f" (SELECT judgment_id FROM judgments_{table} ORDER BY id LIMIT 9)"
            )
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
    for before, after in zip(
        as_it_is, (ratings_of(campaign), preferences_of(campaign)), strict=True
    ):
        for name, column_R in vars(before).items():
            assert np.array_equal(column_R, getattr(after, name)), name
