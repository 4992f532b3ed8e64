"""A judge, a campaign, people who judged it, and a model that replies as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.jobs import execute
from evalhub.judges.models import Judge, Judging
from evalhub.judges.services import create_judge, start_judging
from evalhub.registry.endpoints import Access, add_endpoint
from evalhub.runs import execution
from tests import factories as make
from tests import null_trainer
from tests.null_trainer import NullTrainer, rows_of
from training.artifacts import write_rows

Says = Callable[[str], str]  # the task as the judge reads it -> its reply
BOTH = 2  # criteria of the rubric


def a_campaign(by: Member, *, type_: str = "comparison", tasks: int = 3, **more: Any) -> Campaign:
    """Each prompt asks for its number; the first response is "good", the second "poor"."""
    campaign = make.CampaignFactory.create(workspace=by.workspace, type=type_, asks=[], **more)
    for nth, slug in enumerate(("accuracy", "tone")):
        make.CriterionFactory.create(version=campaign.rubric_version, slug=slug, position=nth)
    for nth in range(tasks):
        a_task(campaign, f"good {nth}", f"poor {nth}")
    return campaign


def a_task(campaign: Campaign, *texts: str) -> Task:
    collection = make.CollectionFactory.create(workspace=campaign.workspace)
    prompt = make.PromptFactory.create(
        collection=collection, messages=[{"role": "user", "content": f"Question of {texts[0]}?"}]
    )
    shown = texts if campaign.type == "comparison" else texts[:1]
    answers = [make.CompletionFactory.create(prompt=prompt, content=text) for text in shown]
    return make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)


def a_judge(campaign: Campaign, by: Member, *, url: str = "https://models.example.org/v1", **access: Any) -> Judge:  # fmt: skip
    asked = Access(url=url, served_name="theirs", **access)
    model = add_endpoint(workspace=campaign.workspace, name="far", access=asked, by=by)
    return create_judge(name="The judge", model=model, version=campaign.rubric_version, by=by)


def preferred(task: Task, member: Member, margin: int, **more: Any) -> None:
    """What a person said of a comparison, overall."""
    first, second = task.completions.order_by("placed__place")
    judgment = make.JudgmentFactory.create(task=task, member=member, **more)
    make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)


def replying(
    monkeypatch: pytest.MonkeyPatch, says: Says, *, beside: Sequence[str] = ()
) -> list[str]:
    """Runs end at once, each row answered as `says`; what was asked is listed.

    Args:
        beside: rows that were not asked, which are answered as well.
    """
    asked: list[str] = []

    def generate(spec: Any, run_dir: Path, artifacts: Path) -> dict[str, float]:
        rows = rows_of(spec, run_dir, "prompts")
        told = []
        for row in rows:
            asked.append(row["prompt"][-1]["content"])
            told.append({"prompt": row["id"], "index": 0, "content": says(asked[-1]), "finish": "stop"})  # fmt: skip
        told += [{"prompt": each, "content": overall("A"), "finish": "stop"} for each in beside]
        write_rows(artifacts / "completions.jsonl", told)
        return {"completions": float(len(rows)), "requests": float(len(rows)), "cost": 0.25}

    monkeypatch.setattr(execution, "Trainer", NullTrainer)
    monkeypatch.setitem(null_trainer.RECIPES, "generate", generate)
    return asked


def shown_first(task: str) -> str:
    """The text of response A."""
    return task.split("RESPONSE A BEGINS ===\n")[1].split("\n===")[0]


def prefers_good(task: str) -> str:
    """Whichever response begins with “good”, wherever it stands."""
    return overall("A" if shown_first(task).startswith("good") else "B")


def overall(choice: str) -> str:
    return json.dumps({"overall": choice})


def judged(judge: Judge, campaign: Campaign, by: Member | None = None, **asked: Any) -> Judging:
    """Started and carried out."""
    judging = start_judging(judge=judge, campaign=campaign, by=by, **asked)
    execute(judging.run.job.uid)
    judging.refresh_from_db()
    judging.run.job.refresh_from_db()
    judging.run.refresh_from_db()
    return judging
