"""Groups on two sides of a split that turn out to be one: what they touch is listed and marked."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.errors import BuildCrosses
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.jobs import deliver_waiting, execute
from evalhub.jobs.models import Job
from evalhub.lineage.merging import LOOK
from evalhub.lineage.models import SplitMerge
from evalhub.prompts.grouping import merge
from evalhub.registry.models import LanguageModel, MarkCause
from evalhub.runs.demands import MEASURING
from evalhub.runs.errors import BadSpec
from evalhub.runs.inputs import build_file
from evalhub.runs.models import Recipe
from evalhub.runs.services import start_run
from tests.evalhub.lineage.conftest import Build, run_of
from tests.factories import EvaluationFactory, LanguageModelFactory

pytestmark = pytest.mark.django_db


def merged(one: Task, other: Task) -> None:
    """As a near-duplicate look does it, with all that follows."""
    merge(one.prompt.group, other.prompt.group)
    deliver_waiting()
    for job in Job.objects.filter(kind=LOOK, state="queued"):
        execute(job.uid)
        job.refresh_from_db()
        assert job.trace == ""


def test_what_a_merge_touches_is_listed_and_marked(
    client: Client, erin: Member, trained: LanguageModel, compared: list[Task]
) -> None:
    made = DatasetBuild.objects.get()
    test = build_file(made, "test.jsonl")
    assert test is not None
    run = run_of(made, erin.workspace, {"pairs": test._asdict()})
    measured = EvaluationFactory.create(workspace=erin.workspace, run=run)

    merged(compared[0], compared[-1])

    found = SplitMerge.objects.get()
    assert (list(found.builds.all()), list(found.trained.all())) == ([made], [trained])
    assert list(found.evaluations.all()) == [measured]
    measured.refresh_from_db()
    assert measured.stale_since is not None
    assert [mark.cause for mark in trained.marks_now] == [MarkCause.MERGE]
    client.force_login(erin.user)
    page = client.get("/w/acme/split-merges/").text
    assert trained.name in page
    assert "crosses" in page
    assert "stale" in client.get(f"/w/acme/models/{measured.model.uid}/").text


def test_no_run_starts_on_a_build_that_crosses(
    trained: LanguageModel, compared: list[Task], acme: Workspace
) -> None:
    made = DatasetBuild.objects.get()
    merged(compared[0], compared[-1])
    made.refresh_from_db()

    with pytest.raises(BuildCrosses):
        start_run(workspace=acme, recipe="dpo", model=trained, builds=[made])


def test_a_merge_on_one_side_touches_nothing(trained: LanguageModel, compared: list[Task]) -> None:
    merged(compared[0], compared[1])

    assert not SplitMerge.objects.exists()
    assert trained.marks_now == []


def test_many_merges_are_one_job(trained: LanguageModel, compared: list[Task]) -> None:
    merge(compared[0].prompt.group, compared[-1].prompt.group)
    merge(compared[1].prompt.group, compared[-2].prompt.group)

    deliver_waiting()

    (job,) = Job.objects.filter(kind=LOOK)
    execute(job.uid)
    assert SplitMerge.objects.count() == 2


@pytest.mark.parametrize("file", ["test.jsonl", "prompts.jsonl"])
def test_no_recipe_but_the_measuring_ones_gets_a_test_split(
    file: str, build: Build, compared: list[Task], acme: Workspace
) -> None:
    """Every recipe there is, so that a new one is refused until somebody decides that it measures."""
    made = build("sft")
    held_out = build_file(made, file)
    assert held_out is not None
    model = LanguageModelFactory.create(workspace=acme)

    for recipe in Recipe:
        if recipe not in MEASURING:
            for name in ("train", "validation", "prompts", "anything"):
                with pytest.raises(BadSpec, match="test split"):
                    start_run(workspace=acme, recipe=recipe, model=model, inputs={name: held_out})
    assert start_run(workspace=acme, recipe="evaluate", model=model, inputs={"texts": held_out})
