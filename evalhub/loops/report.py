"""A Round as one object, the same for the command and the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from evalhub.campaigns.models import Campaign
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Evaluation, HumanTrial, Promotion
from evalhub.loops.choices import StepKind
from evalhub.loops.models import Round
from evalhub.runs.models import Run

MEASURING = (StepKind.BASELINE, StepKind.EVALUATE)


def round_report(round_: Round) -> dict[str, Any]:
    """What the Round made so far; what is not there yet is None or an empty list.

    One that decides on a given model has its uid besides, `decides_on`.
    """
    results: dict[str, dict[str, Any]] = {kind.value: {} for kind in StepKind}
    results |= {step.kind: step.result for step in round_.steps.all()}
    promotion = _promotion(results[StepKind.DECIDE])
    return {
        "round": str(round_.uid),
        "state": round_.state,
        "builds": _builds(results[StepKind.DATASET]),
        "runs": _runs(results),
        "evaluation": {
            "baseline": _metrics(results[StepKind.BASELINE]),
            "adapter": _metrics(results[StepKind.EVALUATE]),
        },
        "promotion": promotion and {"decision": promotion.decision, "reason": promotion.reason},
        "campaign": _campaign(results[StepKind.CAMPAIGN]),
        **({"decides_on": str(round_.candidate.uid)} if round_.candidate else {}),
    }


def _builds(result: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for kind, uid in sorted(result.get("builds", {}).items(), reverse=True):  # sft first
        build = DatasetBuild.objects.get(uid=uid)
        rows = {split: build.rows.get(split, 0) for split in ("train", "validation", "test")}
        found.append({"uid": uid, "kind": kind, "rows": rows, "digest": build.digest})
    return found


def runs_of(results: dict[str, dict[str, Any]]) -> list[Run]:
    """In the order in which they were started: on probes and for the blind trial too."""
    uids = list(results[StepKind.TRAIN].get("runs", []))
    if run := results[StepKind.GENERATE].get("run"):
        uids.append(run)
    keys: list[int] = []
    if trial := results[StepKind.DECIDE].get("trial"):
        answers = HumanTrial.objects.values_list("candidate_run", "incumbent_run")
        keys = list(answers.get(uid=trial))
    evaluations = _evaluations(results[kind] for kind in MEASURING)
    runs = Run.objects.select_related("job", "output_model")
    wanted = runs.filter(uid__in=uids) | runs.filter(evaluation__uid__in=evaluations)
    return list((wanted | runs.filter(pk__in=keys)).order_by("pk"))


def sets_of(round_: Round) -> list[str]:
    """The digests of the sets whose figures the Round tells."""
    results = (step.result for step in round_.steps.all() if step.kind in MEASURING)
    found = Evaluation.objects.filter(uid__in=_evaluations(results)).exclude(metrics={})
    return list(found.order_by("pk").values_list("set_digest", flat=True))


def measured_in(result: dict[str, Any]) -> list[str]:
    """The uids of the evaluations of one set: of what a trained base came from, of the base or the candidate,
    and of the incumbent beside it.
    """
    names = ("origin", "evaluation", "incumbent")
    return [result[name] for name in names if result.get(name)]


def _evaluations(results: Iterable[dict[str, Any]]) -> list[str]:
    """On the Round's set, and on each probe."""
    return [
        uid
        for result in results
        for measured in (result, *result.get("probes", {}).values())
        for uid in measured_in(measured)
    ]


def _runs(results: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "uid": str(run.uid),
            "recipe": run.recipe,
            "state": run.job.state,
            "seconds": run.seconds,
            "metrics": run.metrics,
        }
        for run in runs_of(results)
    ]


def _metrics(result: dict[str, Any]) -> dict[str, Any]:
    uid = result.get("evaluation")
    return Evaluation.objects.get(uid=uid).metrics if uid else {}


def _promotion(result: dict[str, Any]) -> Promotion | None:
    uid = result.get("promotion")
    return Promotion.objects.get(uid=uid) if uid else None


def _campaign(result: dict[str, Any]) -> dict[str, Any] | None:
    uid = result.get("campaign")
    if not uid:
        return None
    tasks = Campaign.objects.get(uid=uid).tasks.count()
    return {"uid": uid, "tasks": tasks, "chosen": result.get("chosen")}
