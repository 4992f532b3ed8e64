"""What workers do: measure, compare, decide. `measures` needs scipy, which the web process must not
load, so it is imported where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalhub.evaluation.errors import GateTooNarrow, NoTrial
from evalhub.evaluation.evidence import Evidence, place_of
from evalhub.evaluation.freshness import freshness_of
from evalhub.evaluation.gate import read_gate
from evalhub.evaluation.judging import judge
from evalhub.evaluation.models import Comparison, Evaluation
from evalhub.evaluation.promotions import record_promotion
from evalhub.evaluation.queries import baseline_of, demand_one_set
from evalhub.evaluation.trials.starting import Ground, start_trial
from evalhub.jobs.beat import Beat
from evalhub.jobs.errors import JobCancelled
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.prompts.models import Collection
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.execution import execute_run, result_of
from evalhub.runs.generating.keeping import keep_answers
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run
from evalhub.runs.services import keep_measured

TABLES = ("texts", "pairs", "predictions", "choices", "timings", "harness", "figures")
Tables = dict[str, list[dict[str, Any]]]


def measure(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry the run out, sum its rows up, and compare what was trained with its baseline."""
    from evalhub.evaluation.measures import confusion_of, measured

    run = execute_run(job, beat)
    evaluation = Evaluation.objects.select_related("model", "workspace", "run").get(run=run)
    beat.report(note="working out intervals")
    tables = tables_of(run, beat)
    metrics = measured(tables, beat.report)
    with beat.fenced():
        evaluation.metrics, evaluation.confusion = metrics, confusion_of(tables)
        evaluation.save(update_fields=["metrics", "confusion"])
        keep_measured(run=run, figures=metrics)
        announce("evaluation.ended", evaluation.uid, model=str(evaluation.model.uid))
    if evaluation.model.baseline is not None:
        comparison_of(baseline_of(evaluation), evaluation, beat)
    return result_of(run) | {"evaluation": str(evaluation.uid)}


def decide(job: Job, beat: Beat) -> dict[str, Any]:
    """Compare the candidate with what it must beat and write the Promotion."""
    candidate, comparisons = _compared_sets(job.payload["sets"], beat)
    gate = read_gate(job.payload["gate"])
    evidence = Evidence(comparisons, lambda run: tables_of(run, beat), beat.report)
    verdict = judge(gate=gate, find=evidence.find, has_incumbent="incumbent" in comparisons)
    if verdict.too_narrow:
        raise GateTooNarrow(
            "The gate is narrower than what this set can show, so it would decide by chance. "
            + "; ".join(verdict.too_narrow)
            + ". Change the gate in the Loop’s policy, then resume."
        )
    with beat.fenced() as held:
        if held.cancel_requested_at is not None:  # nothing is promoted behind a Loop's back
            raise JobCancelled
        if verdict.promote and gate.trial is not None:
            trial = start_trial(
                candidate=candidate,
                comparisons=comparisons,
                verdict=verdict,
                gate=gate,
                ground=_ground(job),
                by=job.created_by,
            )
            return {"trial": str(trial.uid)}
        promotion = record_promotion(
            candidate=candidate,
            comparisons=comparisons,
            verdict=verdict,
            gate=gate,
            by=job.created_by,
        )
    return {"promotion": str(promotion.uid), "decision": promotion.decision}


def try_gate(job: Job, beat: Beat) -> dict[str, Any]:
    """What a gate says of a stored comparison, held as the baseline's and the incumbent's alike."""
    comparison = Comparison.objects.select_related(
        "baseline__run", "candidate__run", "baseline__model", "workspace"
    ).get(uid=job.payload["comparison"])
    comparisons = {"baseline": comparison, "incumbent": comparison}
    evidence = Evidence(comparisons, lambda run: tables_of(run, beat), beat.report)
    before = comparison.baseline.model
    is_baseline = before.baseline is None or before == comparison.candidate.model.baseline
    verdict = judge(
        gate=read_gate(job.payload["gate"]), find=evidence.find, has_incumbent=not is_baseline
    )
    reason = verdict.reason
    if verdict.promote and verdict.too_narrow:
        reason = f"Refused: {'; '.join(verdict.too_narrow)}."
    return {
        "promote": verdict.promote and not verdict.too_narrow,
        "reason": reason,
        "outcomes": verdict.as_json(),
    }


def answer(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry a trial's generation out and keep the answers."""
    run = execute_run(job, beat)
    with beat.fenced():
        (written,) = keep_answers(run)  # a trial has one setting
    return {"run": str(run.uid), "completions": written.completions, "empty": written.empty}


def believe(job: Job, beat: Beat) -> dict[str, Any]:
    """Measure the answers that people judged, and tell which figures go with people; see `believing.belief_in`."""
    from evalhub.evaluation.believing import belief_in

    run = execute_run(job, beat)
    beat.report(note="holding figures beside people")
    return belief_in(run.workspace, tables_of(run, beat), beat.report)


def people(job: Job, beat: Beat) -> dict[str, Any]:
    """What people said of both models of a comparison; see `people.said_of`."""
    from evalhub.evaluation.people import said_of

    comparison = Comparison.objects.select_related(
        "workspace", "baseline__model", "candidate__model"
    ).get(uid=job.payload["comparison"])
    return said_of(comparison, beat.report)


def _compared_sets(
    sets: dict[str, tuple[str, str | None]], beat: Beat
) -> tuple[Evaluation, dict[str, Comparison]]:
    """The candidate on the Round's set (named ""), and the comparisons there and on each probe."""
    evaluations = Evaluation.objects.select_related("model", "workspace", "run")
    comparisons = {}
    for probe, (mine, other) in sets.items():
        measured = evaluations.get(uid=mine)
        comparisons[place_of("baseline", probe)] = comparison_of(
            baseline_of(measured), measured, beat
        )
        if other is not None:
            incumbent = evaluations.get(uid=other)
            comparisons[place_of("incumbent", probe)] = comparison_of(incumbent, measured, beat)
    return evaluations.get(uid=sets[""][0]), comparisons


def _ground(job: Job) -> Ground:
    collection, version = job.payload.get("collection"), job.payload.get("rubric_version")
    if collection is None or version is None:
        raise NoTrial("The gate asks for a trial, and nothing says on which prompts and rubric.")
    return Ground(
        Collection.objects.get(pk=collection),
        RubricVersion.objects.select_related("rubric").get(pk=version),
    )


def comparison_of(baseline: Evaluation, candidate: Evaluation, beat: Beat) -> Comparison:
    """The stored comparison of two evaluations on one set; made when it is not there.

    Raises:
        BaselineMissing: what it is compared with was measured on another set.
    """
    from evalhub.evaluation.examples import examples_of
    from evalhub.evaluation.measures import compared
    from evalhub.evaluation.slicing import by_slice, groups_in, slices_of

    found = Comparison.objects.filter(baseline=baseline, candidate=candidate).first()
    if found is not None:
        return found
    demand_one_set(baseline, candidate)
    beat.report(note="comparing row by row")
    before, after = tables_of(baseline.run, beat), tables_of(candidate.run, beat)
    prompts = candidate.run.spec["inputs"].get("prompts")
    texts = {row["id"]: row for row in read_rows(prompts["key"])} if prompts else {}
    metrics = compared(before, after, beat.report)
    beat.report(note="comparing slice by slice")
    groups = groups_in(after)
    slices = by_slice(before, after, slices_of(candidate.workspace, groups), beat.report)
    examples = examples_of(before, after, texts, beat.report)
    fresh = freshness_of(candidate, groups, beat.report)
    with beat.fenced():
        return Comparison.objects.create(
            workspace=candidate.workspace,
            baseline=baseline,
            candidate=candidate,
            metrics=metrics,
            by_slice=slices,
            examples=examples,
            fresh=fresh,
        )


def tables_of(run: Run, beat: Beat) -> Tables:
    """The per-row values that the evaluate recipe left."""
    found = {name: run.artifacts.get(f"{name}.jsonl") for name in TABLES}
    return {name: list(_rows(file["key"], beat)) if file else [] for name, file in found.items()}


def _rows(key: str, beat: Beat) -> Iterator[dict[str, Any]]:
    for row in read_rows(key):
        beat.report()
        yield row
