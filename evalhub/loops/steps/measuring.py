"""Baseline, evaluate, decide: the base first, then the candidate and the incumbent beside it."""

from __future__ import annotations

from collections.abc import Sequence

from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.gate import probes_of
from evalhub.evaluation.models import Decision, Evaluation, HumanTrial
from evalhub.evaluation.probes import probe_builds
from evalhub.evaluation.services import evaluate_model, start_decision
from evalhub.evaluation.trials.starting import Ground
from evalhub.jobs.models import Job
from evalhub.loops.choices import StepKind
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Step
from evalhub.loops.turn import Awaited, Turn
from evalhub.registry.models import LanguageModel


def begin_baseline(turn: Turn, step: Step) -> list[Job]:
    """On the Round's set, and on each probe of the gate: a model is only measured where its baseline was,
    so that of a base which was itself trained comes first."""
    origin = turn.loop.base_model.baseline
    if origin is None:
        return _baseline(turn, step)
    found = _evaluate(turn, origin, turn.builds)
    probes = {str(each.uid): _evaluate_on_probe(turn, origin, each) for each in _probes(turn)}
    step.result = {"origin": str(found.uid)}
    if probes:
        step.result["probes"] = {uid: {"origin": str(each.uid)} for uid, each in probes.items()}
    return _unfinished(found, *probes.values())


def finish_baseline(turn: Turn, step: Step) -> list[Job]:
    return [] if "evaluation" in step.result else _baseline(turn, step)


def _baseline(turn: Turn, step: Step) -> list[Job]:
    base = turn.loop.base_model
    evaluation = _evaluate(turn, base, turn.builds)
    probes = {str(each.uid): _evaluate_on_probe(turn, base, each) for each in _probes(turn)}
    step.result |= {"evaluation": str(evaluation.uid)}
    for probe, each in probes.items():
        kept = step.result.setdefault("probes", {})
        kept[probe] = kept.get(probe, {}) | {"evaluation": str(each.uid)}
    return _unfinished(evaluation, *probes.values())


def begin_candidate(turn: Turn, step: Step) -> list[Job]:
    models = {"evaluation": turn.candidate}
    if turn.incumbent is not None:
        models["incumbent"] = turn.incumbent
    measured = {name: _evaluate(turn, model, turn.builds) for name, model in models.items()}
    step.result = {name: str(each.uid) for name, each in measured.items()}
    found = list(measured.values())
    for probe in _probes(turn):
        there = {name: _evaluate_on_probe(turn, model, probe) for name, model in models.items()}
        probes = step.result.setdefault("probes", {})
        probes[str(probe.uid)] = {name: str(each.uid) for name, each in there.items()}
        found += there.values()
    return _unfinished(*found)


def finish_candidate(turn: Turn, step: Step) -> list[Job]:
    return []


def begin_decision(turn: Turn, step: Step) -> list[Job]:
    measured = turn.result(StepKind.EVALUATE)
    known = measured.get("probes", {})
    if missing := [each for each in probes_of(turn.policy.gate) if each not in known]:
        raise StepFailed(
            f"The gate names the probe {', '.join(missing)}, on which this Round did not measure its "
            "candidate. Take it out of the gate, then resume; or start a Round afresh."
        )
    candidate, incumbent = _pair(measured)
    job = start_decision(
        candidate=candidate,
        incumbent=incumbent,
        gate=turn.policy.gate,
        ground=Ground(turn.loop.collection, turn.loop.rubric_version),
        probes={probe: _pair(known[probe]) for probe in probes_of(turn.policy.gate)},
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


def _probes(turn: Turn) -> list[DatasetBuild]:
    return probe_builds(turn.policy.gate, turn.workspace)


def _pair(uids: dict[str, str]) -> tuple[Evaluation, Evaluation | None]:
    """The candidate's evaluation on a set, and the incumbent's where there is one."""
    evaluations = Evaluation.objects.select_related("model", "workspace")
    beside = uids.get("incumbent")
    return evaluations.get(uid=uids["evaluation"]), evaluations.get(uid=beside) if beside else None


def _evaluate(turn: Turn, model: LanguageModel, builds: Sequence[DatasetBuild]) -> Evaluation:
    return evaluate_model(
        workspace=turn.workspace,
        model=model,
        builds=builds,
        by=turn.round.created_by,
        options=turn.policy_of(StepKind.BASELINE).evaluate,  # else nothing could be compared
    )


def _evaluate_on_probe(turn: Turn, model: LanguageModel, probe: DatasetBuild) -> Evaluation:
    """Without tasks of a harness, which are asked on the Round's set already."""
    options = turn.policy_of(StepKind.BASELINE).evaluate
    asked = {name: value for name, value in options.items() if not name.startswith("harness")}
    return evaluate_model(
        workspace=turn.workspace,
        model=model,
        builds=[probe],
        by=turn.round.created_by,
        options=asked,
        as_probe=True,
    )


def _unfinished(*evaluations: Evaluation) -> list[Job]:
    return [each.run.job for each in evaluations if not each.is_measured]
