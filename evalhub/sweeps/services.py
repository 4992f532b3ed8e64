from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.labels import is_label
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import JobState
from evalhub.jobs.events import announce
from evalhub.registry.files import weights_of
from evalhub.registry.models import LanguageModel
from evalhub.runs.beside import NONE_BESIDE, Beside, beside_of
from evalhub.runs.beside import told as told_beside
from evalhub.runs.demands import data_of, demand_teacher, demand_trainable
from evalhub.runs.fit import RATES, rates_to_search
from evalhub.runs.models import Run
from evalhub.runs.services import start_training
from evalhub.sweeps.access import sweeps
from evalhub.sweeps.choices import Sampler, SweepKind, SweepState
from evalhub.sweeps.choosing import still_count
from evalhub.sweeps.errors import BadSweep, NoTryYet, SweepOver, SweepRunning
from evalhub.sweeps.findings import SHARE
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.queries import best_of
from evalhub.sweeps.space import MODEL, SEED, beside_corners, demand_fit, grid_of, read_space
from evalhub.sweeps.turning import cancel_tries, ended, tries_of

MOST_TRIES, MOST_AT_ONCE = 500, 16
UNDONE = (JobState.FAILED, JobState.CANCELLED)
SHARES = (0.25, 0.5, 0.75, 1.0)


@transaction.atomic
def start_sweep(
    *,
    workspace: Workspace,
    recipe: str,
    build: DatasetBuild,
    models: Sequence[LanguageModel],
    space: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    objective: str = "eval_loss",
    sampler: str = Sampler.TPE.value,
    tries: int = 20,
    parallel: int = 2,
    prunes: bool = True,
    seed: int = 0,
    despite: str = "",
    beside: Beside = NONE_BESIDE,
    label: str = "",
    by: Member | None = None,
    kind: str = SweepKind.SEARCH.value,
) -> Sweep:
    """Look for the settings with the best figure on the validation rows; a worker starts the tries.

    Args:
        models: what tries start from; several are a choice like any other.
        space: ranges and choices by setting, see sweeps.space. With coarse to fine nothing means the usual
            learning rates of the recipe, the model's size and what is trained, see rates_to_search.
        options: settings that all tries share.
        prunes: whether tries that fall behind half-way are cancelled.
        beside: what every try reads besides, as of `start_training`.
        label: only workers that offer it take the tries.

    Raises:
        BadSweep: nothing to search, or what cannot be run or compared.
        BadSpec, BlockedByFindings: as for `start_training`.
        CannotRun: a model that cannot be trained by that recipe.
    """
    if not models:
        raise BadSweep("Name at least one model to start from.")
    for model in models:
        demand_trainable(model=model, build=build, recipe=recipe, despite=despite)
    told = dict(space) or _usual_space(recipe, models, options or {}, sampler)
    if len(models) > 1:
        told[MODEL] = {"choices": [str(model.uid) for model in models]}
    elif MODEL in told:
        raise BadSweep("Give the models to choose from as models, not in the space.")
    _demand_counts(tries, parallel)
    read = read_space(told)
    data = data_of(build)
    fresh = not any(model.is_adapter for model in models)
    demand_fit(
        read, recipe=recipe, options=options or {}, data=data, objective=objective, sampler=sampler, fresh=fresh
    )  # fmt: skip
    for model, weights in itertools.product(models, beside_corners(read)):
        beside.inputs(build=build, recipe=recipe, model=model, options={**(options or {}), **weights})  # fmt: skip
    if beside.teacher is not None:
        demand_teacher(beside.teacher, recipe)
    if label and not is_label(label):
        raise BadSweep(f"label is {label!r}, but must be lower-case letters, digits and hyphens.")
    if sampler == Sampler.GRID:
        tries = min(tries, len(grid_of(read, seed=seed)))
    sweep = Sweep.objects.create(
        workspace=workspace, kind=kind, recipe=recipe, build=build, model=models[0], space=told,
        options=dict(options or {}), objective=objective, sampler=Sampler(sampler), seed=seed, most_tries=tries,
        parallel=parallel, prunes=prunes, despite=despite, beside=told_beside(beside), label=label, created_by=by,
    )  # fmt: skip
    announce("sweep.started", sweep.uid)
    _record("sweep.started", sweep, by, kind=kind, recipe=recipe, sampler=sampler, tries=tries)
    return sweep


def start_curve(
    *,
    workspace: Workspace,
    recipe: str,
    build: DatasetBuild,
    model: LanguageModel,
    options: Mapping[str, Any] | None = None,
    objective: str = "eval_loss",
    seeds: int = 3,
    parallel: int = 2,
    despite: str = "",
    beside: Beside = NONE_BESIDE,
    label: str = "",
    by: Member | None = None,
) -> Sweep:
    """Train on 25, 50, 75 and 100 % of the rows with several seeds: does more data still help?

    Each seed draws its rows anew, whole prompt groups; its smaller shares lie within its larger ones.

    Raises:
        BadSweep: fewer than two seeds tell nothing of chance; else as for `start_sweep`.
    """
    if not 2 <= seeds <= 20:
        raise BadSweep("A learning curve takes 2 to 20 seeds: one alone tells nothing of chance.")
    space = {SHARE: {"choices": [*SHARES]}, SEED: {"choices": [*range(seeds)]}}
    return start_sweep(
        workspace=workspace, recipe=recipe, build=build, models=[model], space=space, options=options,
        objective=objective, sampler=Sampler.GRID, tries=len(SHARES) * seeds, parallel=parallel, prunes=False,
        despite=despite, beside=beside, label=label, by=by, kind=SweepKind.CURVE,
    )  # fmt: skip


@transaction.atomic
def cancel_sweep(*, sweep: Sweep, by: Member | None = None) -> Sweep:
    """Start no more tries, and ask those under way to stop.

    Raises:
        SweepOver: it has ended.
    """
    sweep = sweeps().select_for_update(of=("self",)).get(pk=sweep.pk)
    if not sweep.is_running:
        raise SweepOver(f"This sweep has {sweep.state} already.")
    cancel_tries(tries_of(sweep))
    ended(sweep, SweepState.CANCELLED)
    _record("sweep.cancel_asked", sweep, by)
    return sweep


@transaction.atomic
def extend_sweep(*, sweep: Sweep, tries: int, by: Member | None = None) -> Sweep:
    """Go on with so many more tries, knowing all that was tried.

    Raises:
        SweepRunning: it has not ended.
        BadSweep: a number that means nothing, or a grid or curve that has no more.
    """
    sweep = sweeps().select_for_update(of=("self",)).get(pk=sweep.pk)
    if sweep.is_running:
        raise SweepRunning("This sweep still runs; wait for its end or cancel it.")
    before = tries_of(sweep)
    sweep.known_before = so_far = len(before)
    _demand_counts(so_far + tries, sweep.parallel)
    if tries < 1:
        raise BadSweep("Give the number of further tries, 1 or more.")
    if sweep.sampler == Sampler.GRID:
        all_of_it = grid_of(read_space(sweep.space), seed=sweep.seed)
        tries = min(tries, len(all_of_it) - len(still_count(sweep, before)))
        if tries < 1:
            raise BadSweep("Every combination was tried: start a sweep with other values.")
    sweep.most_tries, sweep.state, sweep.error, sweep.ended_at = so_far + tries, SweepState.RUNNING, "", None  # fmt: skip
    sweep.save(update_fields=["most_tries", "known_before", "state", "error", "ended_at"])
    announce("sweep.started", sweep.uid)
    _record("sweep.extended", sweep, by, tries=tries)
    return sweep


@transaction.atomic
def train_best(*, sweep: Sweep, by: Member | None = None) -> Run:
    """Train with the settings of the best try on all training rows. The same run, if it was started already.

    Raises:
        NoTryYet: none has ended with a figure.
    """
    sweep = sweeps().select_for_update(of=("self",)).get(pk=sweep.pk)
    best = best_of(sweep, tries_of(sweep))
    if best is None:
        raise NoTryYet("No try has ended well yet, so there is no best one; wait for the first.")
    if sweep.final is not None and sweep.final.job.state not in UNDONE:
        return sweep.final
    options = {name: value for name, value in best.run.spec["options"].items() if name != SHARE}
    sweep.final = start_training(
        workspace=sweep.workspace,
        recipe=sweep.recipe,
        model=best.run.starts_from,
        build=sweep.build,
        options=options,
        seed=best.run.spec["seed"],
        by=by,
        title=f"{sweep}: the best settings on all rows",
        despite=sweep.despite,
        beside=beside_of(sweep.beside, sweep.workspace),
        label=sweep.label,
    )
    sweep.save(update_fields=["final"])
    _record("sweep.best_trained", sweep, by, run=str(sweep.final.uid), try_number=best.number)
    return sweep.final


def _usual_space(recipe: str, models: Sequence[LanguageModel], options: Mapping[str, Any], sampler: str) -> dict[str, Any]:  # fmt: skip
    if sampler != Sampler.REFINE or recipe not in RATES:
        return {}
    weights = weights_of(models[0].base.source)
    low, high = rates_to_search(recipe, weights=weights, is_whole=options.get("trains") == "all")
    return {"learning_rate": {"low": low, "high": high}}


def _demand_counts(tries: int, parallel: int) -> None:
    if not 1 <= tries <= MOST_TRIES:
        raise BadSweep(f"A sweep makes 1 to {MOST_TRIES} tries, not {tries}.")
    if not 1 <= parallel <= MOST_AT_ONCE:
        raise BadSweep(f"1 to {MOST_AT_ONCE} tries at a time, not {parallel}.")


def _record(verb: str, sweep: Sweep, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=sweep.workspace.slug,
        target=f"sweep {sweep.uid}",
        **details,
    )
