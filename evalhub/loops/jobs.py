from __future__ import annotations

from typing import Any
from uuid import UUID

from evalhub.campaigns.choices import Origin, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.campaigns.services.tasks import add_from_completions
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.loops.choices import StepKind
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Round
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Completion
from evalhub.prompts.services.generated import Answer, record_generation
from evalhub.runs.execution import execute_run
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run


def generate(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry the run out and keep what the model wrote as Completions."""
    run = execute_run(job, beat)
    beat.report(note="storing the answers")
    with beat.fenced():
        written = record_generation(
            workspace=run.workspace,
            model=run.starts_from,
            settings=run.spec["options"],
            seed=run.spec["seed"],
            run_uid=run.uid,
            answers=_answers(run),
        )
    return {
        "run": str(run.uid),
        "generation": str(written.generation.uid),
        "completions": written.completions,
        "empty": written.empty,
    }


def open_next_campaign(job: Job, beat: Beat) -> dict[str, Any]:
    """Make tasks of the Round's new answers and open them, once."""
    round_ = Round.objects.select_related("loop__workspace", "loop__rubric_version__rubric").get(
        uid=job.payload["round"]
    )
    turn = Turn(round_)
    title = f"{turn.round}: new answers"
    known = Campaign.objects.filter(
        workspace=turn.workspace, origin=Origin.ROUND, title=title
    ).first()
    if known is not None:
        return {"campaign": str(known.uid), "tasks": known.tasks.count()}
    with beat.fenced():
        campaign, tasks = _open(turn, title, job)
    return {"campaign": str(campaign.uid), "tasks": tasks}


def _open(turn: Turn, title: str, job: Job) -> tuple[Campaign, int]:
    wanted = turn.policy.campaign
    campaign = create_campaign(
        workspace=turn.workspace,
        title=title,
        rubric_version=turn.loop.rubric_version,
        type=TaskType(wanted.type),
        by=job.created_by,
        overlap=wanted.overlap,
        origin=Origin.ROUND,
        asks=wanted.asks,
    )
    generation = turn.result(StepKind.GENERATE)["generation"]
    answers = Completion.objects.filter(generation__uid=generation)
    tasks = add_from_completions(campaign=campaign, completions=answers, seed=turn.policy.seed)
    if not tasks:
        raise StepFailed(
            "The model gave no prompt enough different answers for a task. Raise "
            "generate.temperature or generate.n in the Loop's policy, then resume."
        )
    return open_campaign(campaign=campaign, by=job.created_by), tasks


def _answers(run: Run) -> list[Answer]:
    rows = read_rows(run.artifacts["completions.jsonl"]["key"])
    return [
        Answer(UUID(row["prompt"]), row["index"], row["content"], row["finish"]) for row in rows
    ]
