"""Filling a workspace so that every part of the circle can be tried at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.demo import campaigns, people
from evalhub.demo.errors import DemoNotSeeded
from evalhub.demo.people import Person
from evalhub.demo.rubrics import kinds_of_questions
from evalhub.imports.models import ImportKind
from evalhub.imports.services import start_import
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.loops.models import Loop
from evalhub.loops.services import create_loop
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import default_base_model
from evalhub.rubrics.models import RubricVersion
from evalhub.rubrics.services import default_rubric

PROMPTS = Path(__file__).parent / "prompts.jsonl"  # each with its answers
COLLECTION = "demo"
LOOP = "demo-loop"

POLICY: dict[str, Any] = {
    "chain": "dpo",
    "accepts_simulated": True,
    "dpo": {
        "epochs": 2.0,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "loss_weights": [1.0, 1.0],
        "threads": 2,
    },
    "evaluate": {"threads": 2},
    "generate": {"n": 2, "temperature": 0.8, "max_new_tokens": 96, "prompts": 60},
    "campaign": {"type": "comparison"},
    "seed": 1,
}


@dataclass(frozen=True)
class Seeded:
    workspace: Workspace
    people: list[Person]
    loop: Loop
    open_campaigns: list[Campaign]
    made: dict[str, int]  # what was not there before


def seed_demo(
    *,
    slug: str,
    reset_passwords: bool,
    do_job: Callable[[Job], Job],
    report: Callable[[str], None],
    prompts: Path = PROMPTS,
) -> Seeded:
    """Make what is missing of the demo in the workspace `slug`; a second time changes nothing.

    Args:
        do_job: brings a Job to its end and returns it: by a worker, or in this process.
        report: told in a few words what is being done.
        prompts: another file than the demo's own, in the same form.

    Raises:
        DemoNotSeeded: the prompts could not be imported; it says why.
    """
    workspace = people.settle(slug=slug)
    report("accounts")
    people.invite(workspace=workspace)
    alice = workspace.members.get(pseudonym="alice")
    model = default_base_model(workspace=workspace, by=alice)
    report("prompts and their answers")
    collection, new_prompts = _prompts(workspace, alice, prompts, do_job)
    version = default_rubric(workspace=workspace, by=alice)
    judged = _simulated(collection, version, alice, report)
    opened = [
        campaigns.ensure_campaign(plan, collection=collection, version=version, by=alice)
        for plan in campaigns.FOR_PEOPLE
    ]
    kinds = kinds_of_questions(by=alice)
    opened.append(
        campaigns.ensure_campaign(campaigns.LABELS, collection=collection, version=kinds, by=alice)
    )
    report("the loop")
    return Seeded(
        workspace=workspace,
        loop=_loop(model, collection, version),
        open_campaigns=opened,
        made={"prompts": new_prompts, "judgments": judged},
        people=people.hand_out_passwords(workspace=workspace, reset=reset_passwords),
    )


def _simulated(
    collection: Collection, version: RubricVersion, by: Member, report: Callable[[str], None]
) -> int:
    members, made = people.simulated_members(workspace=collection.workspace), 0
    for plan in campaigns.SIMULATED:
        campaign = campaigns.ensure_campaign(plan, collection=collection, version=version, by=by)
        made += campaigns.judge_and_close(campaign, members=members, by=by, report=report)
    return made


def _loop(model: LanguageModel, collection: Collection, version: RubricVersion) -> Loop:
    workspace = collection.workspace
    known = Loop.objects.filter(workspace=workspace, slug=LOOP).first()
    return known or create_loop(
        workspace=workspace,
        slug=LOOP,
        name="Demo loop",
        base_model=model,
        collection=collection,
        rubric_version=version,
        policy=POLICY,
        by=workspace.members.get(pseudonym="erin"),
    )


def _prompts(
    workspace: Workspace, by: Member, file: Path, do_job: Callable[[Job], Job]
) -> tuple[Collection, int]:
    """The collection, and how many prompts were imported into it just now."""
    with file.open(encoding="utf-8") as lines:
        wanted = sum(1 for line in lines if line.strip())
    known = workspace.collections.filter(slug=COLLECTION).first()
    if known and known.prompts.count() == wanted:
        return known, 0
    with file.open("rb") as stream:
        source = start_import(
            workspace=workspace,
            collection=COLLECTION,
            kind=ImportKind.PROMPTS,
            filename=file.name,
            stream=stream,
            by=by,
        )
    job = do_job(source.job)
    source.refresh_from_db()
    if job.state != JobState.SUCCEEDED or source.counts["rejected"]:
        raise DemoNotSeeded(f"The demo's prompts were not imported: {job.error or source.counts}.")
    return source.collection, source.counts["new"]
