"""Generate and campaign: new answers of the model in service come back for judgment."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.db.models import Exists, OuterRef

from evalhub.campaigns.models import Task
from evalhub.jobs.choices import Queue
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Step
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Prompt, Split
from evalhub.prompts.tools import tools_in
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Recipe
from evalhub.runs.services import start_run

Row = tuple[UUID, str, bool]  # of a prompt: its split, and whether there was a task of it
GENERATE, OPEN_CAMPAIGN = "loops.generate", "loops.open_campaign"


def begin_answers(turn: Turn, step: Step) -> list[Job]:
    """The model in service answers: the one just promoted, else the incumbent, else the base."""
    model = turn.incumbent or turn.loop.base_model
    drawn = drawn_prompts(turn)
    run = start_run(
        workspace=turn.workspace,
        recipe=Recipe.GENERATE,
        model=model,
        inputs={"prompts": store_rows(_row(prompt) for prompt in drawn.prompts)},
        options=turn.policy.generate.to_options(),
        seed=turn.policy.seed + turn.round.number,
        by=turn.round.created_by,
        title=f"{turn.round}: new answers",
        kind=GENERATE,
    )
    step.result = {"run": str(run.uid), "model": str(model.uid), "job": str(run.job.uid)}
    step.result |= {
        "prompts": len(drawn.prompts),
        "fresh": drawn.fresh,
        "fresh_test": drawn.fresh_test,
    }
    return [run.job]


def finish_answers(turn: Turn, step: Step) -> list[Job]:
    made = Job.objects.get(uid=step.result["job"]).result
    step.result |= {name: made[name] for name in ("generations", "completions", "empty")}
    return []


def begin_campaign(turn: Turn, step: Step) -> list[Job]:
    job = queue_job(
        kind=OPEN_CAMPAIGN,
        title=f"{turn.round}: open the next campaign",
        workspace=turn.workspace,
        by=turn.round.created_by,
        subject_uid=turn.round.uid,
        payload={"round": str(turn.round.uid)},
        queue=Queue.DEFAULT,
    )
    step.result |= {"job": str(job.uid)}  # beside how it was chosen, if it was
    return [job]


def finish_campaign(turn: Turn, step: Step) -> list[Job]:
    made = Job.objects.get(uid=step.result["job"]).result
    step.result |= {"campaign": made["campaign"], "tasks": made["tasks"]}
    return []


@dataclass(frozen=True)
class Drawn:
    """`fresh` of the prompts were in no task before, so in no set that was measured on; `fresh_test` of
    those are of the test split: once judged, the next Round's set has them besides."""

    prompts: list[Prompt]
    fresh: int
    fresh_test: int


def drawn_prompts(turn: Turn) -> Drawn:
    """At most as many as the policy says, drawn by the Round's uid; a share of each split afresh, if it says so.

    Raises:
        StepFailed: the collection has no prompt that belongs to a split.
    """
    wanted = turn.policy.generate
    prompts = Prompt.objects.of_collection(turn.loop.collection).in_use()
    prompts = prompts.exclude(group__split=Split.NONE)
    asked = Exists(Task.objects.filter(prompt=OuterRef("pk")))
    rows = prompts.annotate(asked=asked).order_by("pk").values_list("uid", "group__split", "asked")
    lot = sorted(
        rows, key=lambda row: hashlib.sha256(f"{turn.round.uid}{row[0]}".encode()).digest()
    )
    first = _fresh_of(lot, most=wanted.prompts, share=wanted.fresh)
    taken = {uid for uid, _, _ in first}
    chosen = (first + [row for row in lot if row[0] not in taken])[: wanted.prompts]
    if not chosen:
        raise StepFailed(f"“{turn.loop.collection}” has no prompt to answer; import some.")
    fresh = [split for _, split, is_asked in chosen if not is_asked]
    stored = prompts.filter(uid__in=[uid for uid, _, _ in chosen]).order_by("pk")
    return Drawn(list(stored), len(fresh), fresh.count(Split.TEST))


def _fresh_of(lot: Sequence[Row], *, most: int, share: float) -> list[Row]:
    """In each split so many that nobody was asked about as make its part of the share, rounded up."""
    counts = Counter(split for _, split, _ in lot)
    left = {
        split: ceil(share * min(most, len(lot)) * count / len(lot))
        for split, count in counts.items()
    }
    found = []
    for row in lot:
        _, split, is_asked = row
        if not is_asked and left[split] > 0:
            left[split] -= 1
            found.append(row)
    return found


def _row(prompt: Prompt) -> dict[str, object]:
    tools = tools_in(prompt.documents)
    asked = {"id": str(prompt.uid), "prompt": prompt.messages}
    return asked | ({"tools": tools} if tools else {})
