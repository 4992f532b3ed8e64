"""Moving a Sweep on: start tries, end the hopeless, note what they say. Woken by the end of a Run, and by the clock.

It reads everything anew and holds the Sweep's row meanwhile, so it may be called by anybody at any time, and a
worker that is killed half-way has done nothing.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import structlog
from django.db import OperationalError, transaction
from django.utils import timezone

from evalhub.audit.services import record
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.errors import JobEnded, TooManyJobs
from evalhub.jobs.events import announce
from evalhub.jobs.models import News
from evalhub.jobs.services import cancel_job
from evalhub.registry.models import LanguageModel
from evalhub.runs.beside import beside_of
from evalhub.runs.models import RunEvent
from evalhub.runs.services import start_training
from evalhub.sweeps.access import sweeps
from evalhub.sweeps.choices import SweepState
from evalhub.sweeps.choosing import next_values
from evalhub.sweeps.findings import findings_of
from evalhub.sweeps.models import Sweep, Try
from evalhub.sweeps.space import MODEL, SEED, Space, as_option, read_space

log = structlog.get_logger(__name__)

Courses = dict[int, dict[int, float]]  # by run: the objective, by tenths of the run
HOPELESS_AFTER = 3  # tries that all failed: something is wrong with what they share


def heard(news: News) -> None:
    """A Job ended, or a Sweep was started: move on what it belongs to."""
    if news.topic == "sweep.started":
        found = Sweep.objects.filter(uid=news.subject_uid)
    else:
        found = Sweep.objects.filter(tries__run__job__uid=news.subject_uid)
    for pk in found.filter(state=SweepState.RUNNING).values_list("pk", flat=True):
        advance(pk)


def turn_all() -> None:
    """Whatever news was lost, and what can be seen only while tries are under way."""
    for pk in Sweep.objects.filter(state=SweepState.RUNNING).order_by("pk").values_list("pk", flat=True):  # fmt: skip
        try:
            advance(pk)
        except OperationalError:  # the database is away for a moment; the clock comes again
            log.exception("sweep.not_advanced", sweep=pk)


def advance(pk: int) -> None:
    """Go as far as possible: prune, start tries, or end the Sweep."""
    try:
        _advance(pk)
    except OperationalError:
        raise
    except Exception:  # a Sweep that hangs for ever tells nobody what is wrong
        log.exception("sweep.failed_here", sweep=pk)
        _end_as_ours(pk)


@transaction.atomic
def _end_as_ours(pk: int) -> None:
    sweep = sweeps().select_for_update(of=("self",)).get(pk=pk)
    if sweep.is_running:
        why = "evalhub failed here, not you. The log has the trace; go on when it is mended."
        _stop(sweep, tries_of(sweep), why)


@transaction.atomic
def _advance(pk: int) -> None:
    sweep = sweeps().select_for_update(of=("self",)).get(pk=pk)
    if not sweep.is_running:
        return
    tries, space = tries_of(sweep), read_space(sweep.space)
    courses = courses_of(sweep, tries) if sweep.prunes else {}
    if sweep.prunes:
        _prune(sweep, space, tries, courses)
    if why := _all_failed(tries[sweep.known_before :]):
        _stop(sweep, tries, why)
        return
    try:
        with transaction.atomic():
            tries += _start_more(sweep, space, tries, courses)
    except TooManyJobs:
        return  # the clock comes again
    except DomainError as error:
        _stop(sweep, tries, str(error))
        return
    _note(sweep, space, tries)


def tries_of(sweep: Sweep) -> list[Try]:
    tries = Try.objects.filter(sweep=sweep).select_related("run__job", "run__output_model")
    return list(tries.order_by("number"))


def courses_of(sweep: Sweep, tries: Sequence[Try]) -> Courses:
    """How each try's objective went, by tenths of its run, so that long and short runs compare."""
    totals = {try_.run_id: try_.run.job.total for try_ in tries}
    found: Courses = defaultdict(dict)
    events = RunEvent.objects.filter(run__in=totals, kind="metrics", body__has_key=sweep.objective)
    for run, body in events.order_by("run", "attempt", "n").values_list("run", "body"):
        if totals[run]:
            found[run][int(10 * body["step"] / totals[run])] = float(body[sweep.objective])
    return found


def cancel_tries(tries: Sequence[Try]) -> None:
    """Ask those under way to stop."""
    for try_ in tries:
        if not try_.run.job.is_ended:
            with contextlib.suppress(JobEnded):  # it was faster
                try_.run.job = cancel_job(job=try_.run.job, by=None)


def ended(sweep: Sweep, state: SweepState, *, error: str = "") -> None:
    """Write the end of a Sweep whose row the caller has locked."""
    sweep.state, sweep.error, sweep.ended_at = state, error, timezone.now()
    sweep.save(update_fields=["state", "error", "ended_at"])
    announce("sweep.ended", sweep.uid, state=state)
    record(
        f"sweep.{state}",
        actor="system",
        workspace=sweep.workspace.slug,
        target=f"sweep {sweep.uid}",
        tries=sweep.tries.count(),
    )


def _prune(sweep: Sweep, space: Space, tries: Sequence[Try], courses: Courses) -> None:
    if not any(courses.get(try_.run_id) for try_ in tries if not try_.run.job.is_ended):
        return
    from evalhub.sweeps.asking import hopeless  # only who asks pays for Optuna

    behind = [try_ for try_ in hopeless(sweep, space, tries, courses) if try_.pruned_at is None]
    for try_ in behind:
        try_.pruned_at = timezone.now()
        try_.save(update_fields=["pruned_at"])
    cancel_tries(behind)


def _all_failed(tries: Sequence[Try]) -> str:
    failed = [try_ for try_ in tries if try_.state == JobState.FAILED]
    ended_ = [try_ for try_ in tries if try_.run.job.is_ended]
    if len(failed) < HOPELESS_AFTER or len(failed) < len(ended_):
        return ""
    return f"{len(failed)} tries failed and none ended well, the last one with: {failed[-1].run.job.error}"


def _start_more(sweep: Sweep, space: Space, tries: Sequence[Try], courses: Courses) -> list[Try]:
    started: list[Try] = []
    under_way = sum(not try_.run.job.is_ended for try_ in tries)
    while (
        under_way + len(started) < sweep.parallel and len(tries) + len(started) < sweep.most_tries
    ):
        values = next_values(sweep, space, [*tries, *started], courses)
        if values is None:
            break
        started.append(_start(sweep, values, number=len(tries) + len(started) + 1))
    return started


def _start(sweep: Sweep, values: dict[str, Any], *, number: int) -> Try:
    chosen = dict(values)
    model = chosen.pop(MODEL, None)
    seed = chosen.pop(SEED, sweep.seed)
    run = start_training(
        workspace=sweep.workspace,
        recipe=sweep.recipe,
        model=LanguageModel.objects.get(workspace=sweep.workspace, uid=model) if model else sweep.model,
        build=sweep.build,
        options={**sweep.options, **{name: as_option(name, value) for name, value in chosen.items()}},
        seed=seed,
        by=sweep.created_by,
        title=f"{sweep}: try {number}",
        despite=sweep.despite,
        beside=beside_of(sweep.beside, sweep.workspace),
        label=sweep.label,
    )  # fmt: skip
    return Try.objects.create(sweep=sweep, number=number, run=run, values=values)


def _note(sweep: Sweep, space: Space, tries: Sequence[Try]) -> None:
    """What is known by now; and the end, when nothing is under way and nothing more to start."""
    known = sum(try_.run.job.is_ended for try_ in tries)
    if known != sweep.findings.get("of"):
        sweep.findings = {**findings_of(sweep, space, tries), "of": known}
        sweep.save(update_fields=["findings"])
    if known < len(tries):
        return
    if any(try_.figure(sweep.objective) is not None for try_ in tries):
        ended(sweep, SweepState.SUCCEEDED)
    else:
        ended(sweep, SweepState.FAILED, error="No try ended with a figure; their pages say why.")


def _stop(sweep: Sweep, tries: Sequence[Try], why: str) -> None:
    cancel_tries(tries)
    ended(sweep, SweepState.FAILED, error=why)
