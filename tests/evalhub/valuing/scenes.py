"""A campaign of two models' answers, and people who like long ones."""

from __future__ import annotations

from collections.abc import Iterable

from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.valuing.models import Valuation
from evalhub.valuing.queries import newest_job
from tests.factories import (
    CompletionFactory,
    GenerationFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    TaskFactory,
)

LONG, SHORT = "It is so because light is scattered, and blue most of all, by far.", "It is so."


def compared(
    campaign: Campaign, *, tasks: int, texts: tuple[str, str] = (LONG, SHORT)
) -> list[Task]:
    """Each a pair, the first by one model and the second by another."""
    workspace = campaign.workspace
    one, other = (GenerationFactory.create(workspace=workspace) for _ in range(2))
    made = []
    for nth in range(tasks):
        prompt = PromptFactory.create(
            collection__workspace=workspace, slices={"topic": "sky" if nth % 2 else "sea"}
        )
        pair = [
            CompletionFactory.create(prompt=prompt, generation=by, content=f"{text} {nth}")
            for by, text in zip((one, other), texts, strict=True)
        ]
        made.append(TaskFactory.create(campaign=campaign, prompt=prompt, completions=pair))
    return made


def judged(tasks: Iterable[Task], *, margin: int = 2) -> None:
    """Towards the first, which is the longer one where they differ; the place that it took is gone."""
    for task in tasks:
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=margin)
        Task.objects.filter(pk=task.pk).update(open_places=0, judged=1)


def valued(valuation: Valuation) -> Valuation:
    """Its job, done by a worker."""
    job = newest_job(valuation)
    assert job is not None
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.error
    valuation.refresh_from_db()
    return valuation
