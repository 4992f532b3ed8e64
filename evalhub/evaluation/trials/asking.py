"""From the answers of both models to an open campaign."""

from __future__ import annotations

from django.db import transaction

from evalhub.campaigns.choices import Ask, Origin, TaskOrder, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.evaluation.gate import Gate, read_gate
from evalhub.evaluation.models import HumanTrial, TrialOutcome, TrialState
from evalhub.evaluation.trials.ending import conclude, fail
from evalhub.jobs.choices import JobState
from evalhub.prompts.models import Completion
from evalhub.runs.models import Run

Pair = tuple[Completion, Completion]  # the candidate's answer first


@transaction.atomic
def ask_people(trial_pk: int) -> None:
    """Open the campaign when both runs have ended; twice changes nothing."""
    trial = HumanTrial.objects.select_for_update(of=("self",)).get(pk=trial_pk)
    if trial.state != TrialState.ANSWERING:
        return
    jobs = [trial.candidate_run.job, trial.incumbent_run.job]
    for job in jobs:
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            told = job.error or f"“{job.title}” was cancelled."
            fail(trial, f"A model could not answer: {told}")
            return
    if all(job.state == JobState.SUCCEEDED for job in jobs):
        _open(trial)


def _open(trial: HumanTrial) -> None:
    asked = trial.prompts
    pairs, trial.left_out = pairs_of(trial, asked)
    trial.prompts = len(pairs)
    if not pairs:
        trial.save(update_fields=["left_out", "prompts"])
        if trial.left_out["alike"] == asked:
            conclude(trial, TrialOutcome.NO_DIFFERENCE)
        else:
            fail(trial, "No prompt was answered by both models, so there is nothing to compare.")
        return
    trial.campaign = _campaign(trial, read_gate(trial.gate))
    seed = int(trial.uid.hex[:12], 16)
    items = ((mine.prompt, [mine, other]) for mine, other in pairs)
    add_tasks(campaign=trial.campaign, items=items, seed=seed)
    open_campaign(campaign=trial.campaign, by=trial.created_by)
    trial.state = TrialState.OPEN
    trial.save(update_fields=["left_out", "prompts", "campaign", "state"])


def _campaign(trial: HumanTrial, gate: Gate) -> Campaign:
    """Votes stay as they were given, so there is no revising; and the overlap does not grow, as
    a prompt must not get more votes for what was voted."""
    return create_campaign(
        workspace=trial.workspace,
        title=f"{trial.collection}: which answer is better?"[:150],
        rubric_version=trial.rubric_version,
        type=TaskType.COMPARISON,
        by=trial.created_by,
        origin=Origin.ROUND,
        overlap=gate.trial.votes if gate.trial else 1,
        asks=[Ask.RATINGS, Ask.CRITIQUE] if gate.vetoes else [Ask.CRITIQUE],
        preference_steps=3,
        masks_identity=True,
        allows_revision=False,
        hand_size=5,  # what is in people's hands when it is decided may be submitted in vain
        task_order=TaskOrder.FINISH,
    )


def pairs_of(trial: HumanTrial, asked: int) -> tuple[list[Pair], dict[str, int]]:
    """Answers to ask about, and how many prompts there is nothing to ask about, by why.

    Equal answers are a tie by themselves, and an empty one shows whose it is; neither says how
    people like the others, so they are told apart and not bet on.
    """
    mine, other = (_by_prompt(run) for run in (trial.candidate_run, trial.incumbent_run))
    both = sorted(mine.keys() & other.keys())
    pairs = [(mine[key], other[key]) for key in both]
    different = [(one, two) for one, two in pairs if one.content.strip() != two.content.strip()]
    left_out = {
        "alike": len(pairs) - len(different),
        "candidate_empty": len(other.keys() - mine.keys()),
        "incumbent_empty": len(mine.keys() - other.keys()),
        "unanswered": asked - len(mine.keys() | other.keys()),
    }
    return different, left_out


def _by_prompt(run: Run) -> dict[int, Completion]:
    answers = Completion.objects.filter(generation__run_uid=run.uid).select_related("prompt")
    return {answer.prompt_id: answer for answer in answers.order_by("pk")}
