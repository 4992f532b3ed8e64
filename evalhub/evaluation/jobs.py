"""What workers do: measure, compare, decide. `measures` needs scipy, which the web process must not
load, so it is imported where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalhub.evaluation.gate import Gate, judge
from evalhub.evaluation.models import Comparison, Evaluation
from evalhub.evaluation.promotions import record_promotion
from evalhub.evaluation.queries import baseline_of
from evalhub.jobs.beat import Beat
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.registry.models import ModelKind
from evalhub.runs.execution import execute_run, result_of
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run
from evalhub.runs.services import keep_measured

TABLES = ("texts", "pairs", "predictions")
Tables = dict[str, list[dict[str, Any]]]


def measure(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry the run out, sum its rows up, and compare an adapter with its base."""
    from evalhub.evaluation.measures import measured

    run = execute_run(job, beat)
    evaluation = Evaluation.objects.select_related("model", "workspace", "run").get(run=run)
    beat.report(note="working out intervals")
    metrics = measured(tables_of(run, beat), beat.report)
    with beat.fenced():
        evaluation.metrics = metrics
        evaluation.save(update_fields=["metrics"])
        keep_measured(run=run, figures=metrics)
        announce("evaluation.ended", evaluation.uid, model=str(evaluation.model.uid))
    if evaluation.model.kind == ModelKind.ADAPTER:
        comparison_of(baseline_of(evaluation), evaluation, beat)
    return result_of(run) | {"evaluation": str(evaluation.uid)}


def decide(job: Job, beat: Beat) -> dict[str, Any]:
    """Compare the candidate with what it must beat and write the Promotion."""
    evaluations = Evaluation.objects.select_related("model", "workspace", "run")
    candidate = evaluations.get(uid=job.payload["candidate"])
    comparisons = {"baseline": comparison_of(baseline_of(candidate), candidate, beat)}
    if job.payload["incumbent"]:
        incumbent = evaluations.get(uid=job.payload["incumbent"])
        comparisons["incumbent"] = comparison_of(incumbent, candidate, beat)
    beaten = comparisons.get("incumbent")
    verdict = judge(
        baseline=comparisons["baseline"].metrics,
        incumbent=beaten.metrics if beaten else None,
        gate=Gate(**job.payload["gate"]),
    )
    with beat.fenced():
        promotion = record_promotion(
            candidate=candidate, comparisons=comparisons, verdict=verdict, by=job.created_by
        )
    return {"promotion": str(promotion.uid), "decision": promotion.decision}


def comparison_of(baseline: Evaluation, candidate: Evaluation, beat: Beat) -> Comparison:
    """The stored comparison of two evaluations on one set; made when it is not there."""
    from evalhub.evaluation.measures import compared, most_changed

    found = Comparison.objects.filter(baseline=baseline, candidate=candidate).first()
    if found is not None:
        return found
    beat.report(note="comparing row by row")
    before, after = tables_of(baseline.run, beat), tables_of(candidate.run, beat)
    prompts = candidate.run.spec["inputs"].get("prompts")
    texts = {row["id"]: row for row in read_rows(prompts["key"])} if prompts else {}
    metrics = compared(before, after, beat.report)
    examples = most_changed(before["predictions"], after["predictions"], texts, beat.report)
    with beat.fenced():
        return Comparison.objects.create(
            workspace=candidate.workspace,
            baseline=baseline,
            candidate=candidate,
            metrics=metrics,
            examples=examples,
        )


def tables_of(run: Run, beat: Beat) -> Tables:
    """The per-row values that the evaluate recipe left."""
    found = {name: run.artifacts.get(f"{name}.jsonl") for name in TABLES}
    return {name: list(_rows(file["key"], beat)) if file else [] for name, file in found.items()}


def _rows(key: str, beat: Beat) -> Iterator[dict[str, Any]]:
    for row in read_rows(key):
        beat.report()
        yield row
