"""Train: an adapter afresh from the base on all judgments to date, along the Loop's chain."""

from __future__ import annotations

from collections.abc import Sequence

from evalhub.loops.models import Step
from evalhub.loops.policy import Policy
from evalhub.loops.searching import Search
from evalhub.loops.steps.data import LEARNS_FROM
from evalhub.loops.turn import Awaited, Turn
from evalhub.registry.models import LanguageModel
from evalhub.runs.beside import beside_of
from evalhub.runs.models import Run
from evalhub.runs.services import start_training
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.services import start_sweep, train_best


def begin(turn: Turn, step: Step) -> Sequence[Awaited]:
    last = turn.build(LEARNS_FROM[turn.policy.recipes[-1]])
    recipes = chain_of(turn.policy, rows=last.rows.get("train", 0))
    step.result = {"chain": recipes, "runs": []}
    return [_next(turn, step, recipes[0], turn.loop.base_model)]


def finish(turn: Turn, step: Step) -> Sequence[Awaited]:
    """Train the best try of a search, or go on with the next recipe from the adapter just made."""
    if sweep := step.result.pop("searching", None):
        step.result["sweep"] = sweep
        run = train_best(sweep=Sweep.objects.get(uid=sweep), by=turn.round.created_by)
        return [_started(step, run)]
    runs = step.result["runs"]
    last = Run.objects.select_related("output_model").get(uid=runs[-1])
    remaining = step.result["chain"][len(runs) :]
    if remaining:
        return [_next(turn, step, remaining[0], last.adapter)]
    step.result["model"] = str(last.adapter.uid)
    return []


def chain_of(policy: Policy, *, rows: int) -> list[str]:
    """The recipes in order; with no row to train the last of them on, SFT alone."""
    return policy.recipes if rows else ["sft"]


def _next(turn: Turn, step: Step, recipe: str, model: LanguageModel) -> Awaited:
    search = turn.policy.search
    if search is None or search.recipe != recipe:
        return _started(step, _train(turn, recipe, model))
    sweep = _search(turn, search, recipe, model)
    step.result["searching"] = str(sweep.uid)
    return sweep


def _started(step: Step, run: Run) -> Awaited:
    step.result["runs"].append(str(run.uid))
    return run.job


def _train(turn: Turn, recipe: str, model: LanguageModel) -> Run:
    return start_training(
        workspace=turn.workspace,
        recipe=recipe,
        model=model,
        build=turn.build(LEARNS_FROM[recipe]),
        options=turn.policy.options(recipe),
        seed=turn.policy.seed,
        by=turn.round.created_by,
        despite=turn.policy.despite,
        beside=beside_of(turn.policy.train.beside(recipe), turn.workspace),
        label=turn.policy.train.label,
        title=f"{turn.round}: {recipe}",
    )


def _search(turn: Turn, search: Search, recipe: str, model: LanguageModel) -> Sweep:
    """Among the settings that the policy names; the recipe's options hold for the rest."""
    options = turn.policy.options(recipe)
    return start_sweep(
        workspace=turn.workspace,
        recipe=recipe,
        build=turn.build(LEARNS_FROM[recipe]),
        models=[model],
        space=search.space,
        options={name: value for name, value in options.items() if name not in search.space},
        objective=search.objective,
        sampler=search.sampler,
        tries=search.tries,
        parallel=search.parallel,
        prunes=search.prunes,
        seed=turn.policy.seed,
        despite=turn.policy.despite,
        beside=beside_of(turn.policy.train.beside(recipe), turn.workspace),
        label=turn.policy.train.label,
        by=turn.round.created_by,
    )
