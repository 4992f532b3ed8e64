"""A workspace whose people have judged enough for a Round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs import jobs
from evalhub.jobs.models import Job, News
from evalhub.loops.models import Loop, Round
from evalhub.loops.services import create_loop
from evalhub.prompts.models import Collection
from tests.evalhub.runs.scenes import base_model
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    CollectionFactory,
    CompletionFactory,
    GenerationFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    RubricVersionFactory,
    TaskFactory,
)

SPLITS = {"train": 12, "validation": 2, "test": 10}


def judged_collection(workspace: Workspace, *, source: str = "human") -> Collection:
    """Prompts in every split, each with two answers and one judgment that prefers the polite one."""
    collection = CollectionFactory.create(workspace=workspace)
    campaign = CampaignFactory.create(workspace=workspace)
    generation = GenerationFactory.create(workspace=workspace)
    for split, count in SPLITS.items():
        for place in range(count):
            _judged(collection, campaign, generation, split, place, source)
    return collection


def _judged(
    collection: Collection, campaign: Any, generation: Any, split: str, place: int, source: str
) -> None:
    prompt = PromptFactory.create(
        collection=collection,
        group=PromptGroupFactory.create(workspace=collection.workspace, split=split),
        messages=[{"role": "user", "content": f"What does the word {split}{place} mean here?"}],
        reference="Happy to help.",
    )
    said = [f"Happy to help. It is {split} {place}.", f"No idea {place}."]
    answers = [
        CompletionFactory.create(prompt=prompt, generation=generation, content=text)
        for text in said
    ]
    task = TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=task, source=source), margin=2)


def a_loop(erin: Member, folder: Path, **policy: object) -> Loop:
    """A Loop on judged prompts with a base model that only the made-up trainer could load."""
    return create_loop(
        workspace=erin.workspace,
        slug="main",
        name="Main",
        base_model=base_model(erin.workspace, folder),
        collection=judged_collection(erin.workspace),
        rubric_version=RubricVersionFactory.create(rubric__workspace=erin.workspace),
        policy=policy,
        by=erin,
    )


def judged_again(loop: Loop, count: int) -> None:
    """So many more judgments, one of each of the first tasks, that say what the first ones said."""
    tasks = Task.objects.filter(prompt__collection=loop.collection).order_by("pk")
    for task in tasks[:count]:
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=2)


def judged_by_two(
    loop: Loop, *, alike: int, apart: int = 0, campaign: Campaign | None = None
) -> Campaign:
    """Two people on each of so many tasks of a campaign: first the tasks on which they differ."""
    tasks = Task.objects.filter(prompt__collection=loop.collection).order_by("pk")
    if campaign is not None:
        tasks = campaign.tasks.order_by("pk")
    for place, task in enumerate(tasks[: alike + apart]):
        second = -2 if place < apart or place % 2 else 2
        for margin in (2 if place < apart else second, second):
            held = AssignmentFactory.create(task=task, state="submitted")
            judgment = JudgmentFactory.create(task=task, assignment=held, member=held.member)
            PreferenceFactory.create(judgment=judgment, margin=margin)
    return tasks[0].campaign


def work_off() -> None:
    """What live workers do: take queued jobs and deliver news until nothing waits."""
    for _ in range(60):
        jobs.deliver_waiting()
        if not do_one() and not News.objects.due().exists():  # news may make news
            return
    raise AssertionError("the work does not come to an end")


def do_one() -> bool:
    """Do the job that waits longest; False if none does."""
    job = Job.objects.waiting().order_by("pk").first()
    if job is not None:
        jobs.execute(job.uid)
    return job is not None


def ended_unheard(kind: str) -> None:
    """What workers do until a job of that kind has ended, which nobody has heard of yet."""
    for _ in range(60):
        jobs.deliver_waiting()
        do_one()
        if Job.objects.filter(kind=kind, state="succeeded").exists():
            return
    raise AssertionError(f"no job of the kind {kind} comes")


def turned(round_: Round) -> Round:
    work_off()
    round_.refresh_from_db()
    return round_
