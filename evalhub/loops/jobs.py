from __future__ import annotations

from functools import partial
from typing import Any

from evalhub.campaigns.choices import Origin, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.loops import starting
from evalhub.loops.choices import StepKind
from evalhub.loops.choosing import Choice, choose, fill
from evalhub.loops.models import Round
from evalhub.loops.opening import pay_for, settings_of
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Completion
from evalhub.runs.execution import execute_run
from evalhub.runs.generating.keeping import keep_answers


def turn_all() -> int:
    """Start the Rounds that are due, and pause the Loops whose judgments fell under a bar."""
    return starting.turn_all()


def generate(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry the run out and keep what the model wrote as Completions."""
    run = execute_run(job, beat)
    beat.report(note="storing the answers")
    with beat.fenced():
        written = keep_answers(run)
    return {
        "run": str(run.uid),
        "generations": [str(each.generation.uid) for each in written],
        "completions": sum(each.completions for each in written),
        "empty": sum(each.empty for each in written),
    }


def open_next_campaign(job: Job, beat: Beat) -> dict[str, Any]:
    """Make tasks of the Round's new answers and open them, once."""
    rounds = Round.objects.select_related(
        "campaign", "loop__workspace", "loop__rubric_version__rubric"
    )
    round_ = rounds.get(uid=job.payload["round"])
    if round_.campaign is None:
        turn = Turn(round_)
        answers = Completion.objects.filter(
            generation__uid__in=turn.result(StepKind.GENERATE)["generations"]
        )
        choice = choose(turn, answers, beat=partial(beat.report, note="choosing what to ask"))
        with beat.fenced():
            round_.campaign = _open(turn, job, choice)
            round_.save(update_fields=["campaign"])
            step = turn.steps[StepKind.CAMPAIGN]
            step.result |= {"chosen": choice.as_json()}
            step.save(update_fields=["result"])
    return {"campaign": str(round_.campaign.uid), "tasks": round_.campaign.tasks.count()}


def _open(turn: Turn, job: Job, choice: Choice) -> Campaign:
    campaign = create_campaign(
        workspace=turn.workspace,
        title=f"{turn.round}: new answers",
        rubric_version=turn.loop.rubric_version,
        type=TaskType(turn.policy.campaign.type),
        by=job.created_by,
        origin=Origin.ROUND,
        **settings_of(turn),
    )
    pay_for(turn, campaign)
    fill(turn, campaign, choice, by=job.created_by)
    return open_campaign(campaign=campaign, by=job.created_by)
