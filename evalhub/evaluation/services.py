from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.access import set_named
from evalhub.evaluation.choices import BELIEVE, DECIDE, MEASURE, TRY
from evalhub.evaluation.errors import NothingToMeasure, NotMeasured
from evalhub.evaluation.frozen_set import frozen_set, judged_set
from evalhub.evaluation.gate import Gate, as_json
from evalhub.evaluation.judged_answers import judged_answers, rows_of
from evalhub.evaluation.models import (
    Benchmark,
    Comparison,
    Evaluation,
    HumanTrial,
    Look,
    TrialOutcome,
)
from evalhub.evaluation.queries import (
    baseline_of,
    demand_measured,
    demand_one_set,
    measured_on,
    newest_belief,
    stale_on,
)
from evalhub.evaluation.trials.ending import conclude, demand_running
from evalhub.evaluation.trials.starting import Ground
from evalhub.jobs.choices import Queue
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.registry.access import model_named
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Recipe
from evalhub.runs.services import start_run


@transaction.atomic
def evaluate_model(
    *,
    workspace: Workspace,
    model: LanguageModel,
    builds: Sequence[DatasetBuild] = (),
    benchmark: Benchmark | None = None,
    rewarder: LanguageModel | None = None,
    by: Member | None = None,
    options: Mapping[str, Any] | None = None,
    again: bool = False,
    as_probe: bool = False,
) -> Evaluation:
    """Measure a model on the frozen test split of `builds` or on a benchmark; what was measured there is
    reused.

    Args:
        options: of the recipe evaluate; with `harness`, tasks of lm-evaluation-harness, there need be
            neither builds nor a benchmark.
        again: measure anew: for figures that came later, as a plug-in's. The newest measure counts.
        as_probe: for a gate's probe; see `Evaluation`.
        rewarder: a reward model, which scores the answers; its figures are of a set of their own.

    Raises:
        NothingToMeasure: the builds have no test rows, or nothing is named.
        BaselineMissing: the base that the model was trained from was not measured on this set.
        BadSpec, CannotRun: as of `start_run`.
    """
    if model.kind == ModelKind.REWARD:
        if benchmark is not None or rewarder is not None or (options or {}).get("harness"):
            raise NothingToMeasure(
                f"“{model}” writes no answers: name a build of pairs, and no benchmark, task or reward model."
            )
        measured_set = judged_set(builds, options or {})
    else:
        measured_set = frozen_set(builds, options or {}, benchmark=benchmark, rewarder=rewarder)
    known = None if again else measured_on(workspace, model, measured_set.digest)
    if known is not None:
        return known if as_probe else _for_itself(known)
    if model.baseline is not None:
        demand_measured(workspace, model, measured_set.digest)
    run = start_run(
        workspace=workspace,
        recipe=Recipe.EVALUATE,
        model=model,
        builds=builds,
        inputs=measured_set.inputs,
        options=measured_set.options,
        teacher=measured_set.rewarder,
        by=by,
        title=f"Measure {model}",
        kind=MEASURE,
    )
    evaluation = Evaluation.objects.create(
        workspace=workspace, model=model, benchmark=benchmark, set_digest=measured_set.digest,
        run=run, is_probe=as_probe,
    )  # fmt: skip
    if stale := stale_on(workspace, measured_set.digest):
        mark_stale(evaluations=[evaluation], reason=stale)
    evaluation.builds.set(builds)
    return evaluation


def evaluate_named(
    *,
    workspace: Workspace,
    model: str,
    sets: Sequence[str] = (),
    rewarder: str = "",
    options: Mapping[str, Any] | None = None,
    again: bool = False,
    by: Member | None = None,
) -> Evaluation:
    """The same by names, for commands and the API; see `access.set_named`.

    Raises:
        NotFound: there is no such model or set.
        Else as `evaluate_model`; several benchmarks at once are NothingToMeasure.
    """
    named = [set_named(workspace, each) for each in sets]
    benchmarks = [each for each in named if isinstance(each, Benchmark)]
    if len(benchmarks) > 1:
        raise NothingToMeasure("A benchmark is measured on by itself: name one at a time.")
    return evaluate_model(
        workspace=workspace,
        model=model_named(workspace.pk, model),
        builds=[each for each in named if not isinstance(each, Benchmark)],
        benchmark=benchmarks[0] if benchmarks else None,
        rewarder=model_named(workspace.pk, rewarder) if rewarder else None,
        by=by,
        options=options,
        again=again,
    )


@transaction.atomic
def mark_stale(*, evaluations: Iterable[Evaluation], reason: str) -> int:
    """Say of figures that their set no longer stands apart from training; return of how many."""
    keys = [each.pk for each in evaluations]
    found = Evaluation.objects.filter(pk__in=keys, stale_since=None).select_related(
        "model__workspace"
    )
    for each in found:
        record(
            "evaluation.marked_stale",
            actor="system",
            workspace=each.model.workspace.slug,
            target=f"evaluation {each.uid}",
            reason=reason,
        )
    return Evaluation.objects.filter(pk__in=keys, stale_since=None).update(
        stale_since=timezone.now(), stale_because=reason
    )


def note_looks(*, by: Member, digests: Iterable[str], day: date | None = None) -> None:
    """Write down that somebody read figures of these sets; saying it again changes nothing.

    Args:
        day: in UTC; None: today.
    """
    day = day or timezone.now().date()
    Look.objects.bulk_create(
        (
            Look(workspace=by.workspace, set_digest=each, member=by, day=day)
            for each in sorted(set(digests))
        ),
        ignore_conflicts=True,
    )


def start_decision(
    *,
    candidate: Evaluation,
    incumbent: Evaluation | None,
    gate: Gate,
    ground: Ground | None = None,
    probes: Mapping[str, tuple[Evaluation, Evaluation | None]] | None = None,
    by: Member | None = None,
) -> Job:
    """Queue the comparison with the baseline, and the incumbent if any, and the decision on it.

    Args:
        ground: what a trial is held on, where the gate asks for one.
        probes: by the uid of a build, the candidate's evaluation there and the incumbent's.

    Raises:
        NotMeasured: an evaluation has not ended.
        BaselineMissing: the base, or the incumbent, was not measured on the same set.
    """
    pairs = {"": (candidate, incumbent), **(probes or {})}
    for each in (each for pair in pairs.values() for each in pair):
        if each is not None and not each.is_measured:
            raise NotMeasured(f"“{each.model}” is not measured yet; wait for its run to end.")
    for measured, other in pairs.values():
        baseline_of(measured)
        if other is not None:
            demand_one_set(other, measured)
    return queue_job(
        kind=DECIDE,
        title=f"Decide on {candidate.model}",
        workspace=candidate.workspace,
        by=by,
        subject_uid=candidate.uid,
        payload={
            "sets": {
                name: [str(each.uid) if each else None for each in pair]
                for name, pair in pairs.items()
            },
            "gate": as_json(gate),
            "collection": ground.collection.pk if ground else None,
            "rubric_version": ground.rubric_version.pk if ground else None,
        },
        queue=Queue.DEFAULT,
    )


def try_gate(*, comparison: Comparison, gate: Gate, by: Member | None = None) -> Job:
    """Queue a dry run: what the gate would say of a comparison. Decides nothing.

    What it is compared with stands for all that the gate holds it against.
    """
    return queue_job(
        kind=TRY,
        title=f"Try a gate on {comparison.candidate.model}",
        workspace=comparison.workspace,
        by=by,
        subject_uid=comparison.uid,
        payload={"comparison": str(comparison.uid), "gate": as_json(gate)},
        queue=Queue.DEFAULT,
    )


def start_belief(*, workspace: Workspace, by: Member | None = None) -> Job:
    """Queue the work of holding figures beside what people said of the same answers.

    A run measures those answers, each by its own uid. While it is waiting or under way, asking again gives
    the same job.

    Raises:
        NothingToMeasure: people have judged no answer by a model.
    """
    known = newest_belief(workspace)
    if known is not None and not known.is_ended:
        return known
    answers = judged_answers(workspace)
    if not answers.exists():
        raise NothingToMeasure(
            "People have judged no answer by a model yet, so no figure can be held beside them. Open a campaign "
            "on some."
        )
    run = start_run(
        workspace=workspace,
        recipe=Recipe.EVALUATE,
        inputs={"answers": store_rows(rows_of(answers))},
        by=by,
        title="Hold figures beside people",
        kind=BELIEVE,
    )
    return run.job


@transaction.atomic
def end_trial(*, trial: HumanTrial, by: Member | None, because: str) -> HumanTrial:
    """Stop asking people; the candidate is not promoted.

    Raises:
        NoTrial: it is over.
    """
    trial = HumanTrial.objects.select_for_update(of=("self",)).get(pk=trial.pk)
    demand_running(trial)
    conclude(trial, TrialOutcome.ENDED, by=by, because=because)
    return trial


def _for_itself(known: Evaluation) -> Evaluation:
    """Figures that only a gate had asked for, and now somebody does."""
    if known.is_probe:
        known.is_probe = False
        known.save(update_fields=["is_probe"])
    return known
