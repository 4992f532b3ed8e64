"""Generate and campaign: new answers of the model in service come back for judgment."""

from __future__ import annotations

import hashlib

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

GENERATE, OPEN_CAMPAIGN = "loops.generate", "loops.open_campaign"


def begin_answers(turn: Turn, step: Step) -> list[Job]:
    """The model in service answers: the one just promoted, else the incumbent, else the base."""
    model = turn.incumbent or turn.loop.base_model
    run = start_run(
        workspace=turn.workspace,
        recipe=Recipe.GENERATE,
        model=model,
        inputs={"prompts": store_rows(_row(prompt) for prompt in drawn_prompts(turn))},
        options=turn.policy.generate.to_options(),
        seed=turn.policy.seed + turn.round.number,
        by=turn.round.created_by,
        title=f"{turn.round}: new answers",
        kind=GENERATE,
    )
    step.result = {"run": str(run.uid), "model": str(model.uid), "job": str(run.job.uid)}
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


def drawn_prompts(turn: Turn) -> list[Prompt]:
    """At most as many as the policy says, drawn by the Round's uid.

    Raises:
        StepFailed: the collection has no prompt that belongs to a split.
    """
    prompts = Prompt.objects.of_collection(turn.loop.collection).in_use()
    prompts = prompts.exclude(group__split=Split.NONE)
    keys = prompts.order_by("pk").values_list("uid", flat=True)
    lot = sorted(keys, key=lambda uid: hashlib.sha256(f"{turn.round.uid}{uid}".encode()).digest())
    chosen = list(prompts.filter(uid__in=lot[: turn.policy.generate.prompts]).order_by("pk"))
    if not chosen:
        raise StepFailed(f"“{turn.loop.collection}” has no prompt to answer; import some.")
    return chosen


def _row(prompt: Prompt) -> dict[str, object]:
    tools = tools_in(prompt.documents)
    asked = {"id": str(prompt.uid), "prompt": prompt.messages}
    return asked | ({"tools": tools} if tools else {})
