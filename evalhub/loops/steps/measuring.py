"""Baseline, evaluate, decide: the base first, then the candidate and the incumbent beside it."""

from __future__ import annotations

from evalhub.evaluation.models import Decision, Evaluation, HumanTrial
from evalhub.evaluation.services import evaluate_model, start_decision
from evalhub.evaluation.trials.starting import Ground
from evalhub.jobs.models import Job
from evalhub.loops.choices import StepKind
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Step
from evalhub.loops.turn import Awaited, Turn
from evalhub.registry.models import LanguageModel


def begin_baseline(turn: Turn, step: Step) -> list[Job]:
    evaluation = _evaluate(turn, turn.loop.base_model)
    step.result = {"evaluation": str(evaluation.uid)}
    return _unfinished(evaluation)


def finish_baseline(turn: Turn, step: Step) -> list[Job]:
    return []


def begin_candidate(turn: Turn, step: Step) -> list[Job]:
    evaluations = {"evaluation": _evaluate(turn, turn.candidate)}
    if turn.incumbent is not None:
        evaluations["incumbent"] = _evaluate(turn, turn.incumbent)
    step.result = {name: str(each.uid) for name, each in evaluations.items()}
    return [job for each in evaluations.values() for job in _unfinished(each)]


def finish_candidate(turn: Turn, step: Step) -> list[Job]:
    return []


def begin_decision(turn: Turn, step: Step) -> list[Job]:
    measured = turn.result(StepKind.EVALUATE)
    evaluations = Evaluation.objects.select_related("model", "workspace")
    beside = measured.get("incumbent")
    job = start_decision(
        candidate=evaluations.get(uid=measured["evaluation"]),
        incumbent=evaluations.get(uid=beside) if beside else None,
        gate=turn.policy.gate,
        ground=Ground(turn.loop.collection, turn.loop.rubric_version),
        by=turn.round.created_by,
    )
    step.result = {"job": str(job.uid)}
    return [job]


def finish_decision(turn: Turn, step: Step) -> list[Awaited]:
    """A promoted model becomes the Loop's incumbent; a trial, where the gate asks for one, comes first.

    Raises:
        StepFailed: the trial could not be held.
    """
    made = Job.objects.get(uid=step.result["job"]).result
    if "trial" in made:
        step.result["trial"] = made["trial"]
        trial = HumanTrial.objects.select_related("promotion").get(uid=made["trial"])
        if trial.is_running:
            return [trial]
        if trial.promotion is None:
            raise StepFailed(trial.error)
        step.result["promotion"] = str(trial.promotion.uid)
    else:
        step.result["promotion"] = made["promotion"]
    if turn.promotion.decision == Decision.PROMOTE:
        turn.loop.incumbent = turn.candidate
        turn.loop.save(update_fields=["incumbent"])
    return []


def _evaluate(turn: Turn, model: LanguageModel) -> Evaluation:
    return evaluate_model(
        workspace=turn.workspace,
        model=model,
        builds=turn.builds,
        by=turn.round.created_by,
        options=turn.policy_of(StepKind.BASELINE).evaluate,  # else nothing could be compared
    )


def _unfinished(evaluation: Evaluation) -> list[Job]:
    return [] if evaluation.is_measured else [evaluation.run.job]
