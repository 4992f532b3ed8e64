"""What Optuna is asked: settings for the next try, whether one is hopeless, which settings matter.

A study is filled anew from our rows each time and kept nowhere: one truth, and whoever asks next knows as much.
Only workers and commands import this module: it takes 0.6 s and 60 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from evalhub.jobs.choices import JobState
from evalhub.sweeps.choices import Sampler
from evalhub.sweeps.models import PRUNED, Sweep, Try
from evalhub.sweeps.space import BY_FACTORS, WHOLE, Choices, Dimension, Space

optuna.logging.set_verbosity(optuna.logging.ERROR)

Course = Mapping[int, float]  # the objective, by tenths of the run
STARTUP = 3  # tries that must have ended before one is pruned
WARMUP = 2  # tenths of a run in which nothing is pruned
FEWEST = 8  # tries behind an importance

STATES = {
    JobState.SUCCEEDED.value: TrialState.COMPLETE,
    PRUNED: TrialState.PRUNED,
    JobState.FAILED.value: TrialState.FAIL,
    JobState.CANCELLED.value: TrialState.FAIL,
}


def asked(sweep: Sweep, space: Space, tries: Sequence[Try], courses: Mapping[int, Course]) -> dict[str, Any]:  # fmt: skip
    """Settings for one more try, by the sweep's sampler; the same rows and seed give the same."""
    study = _study(sweep, space, tries, courses, sampler=_sampler(sweep, len(tries)))
    found: dict[str, Any] = study.ask(_distributions(space)).params
    return {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in found.items()}  # fmt: skip


def hopeless(sweep: Sweep, space: Space, tries: Sequence[Try], courses: Mapping[int, Course]) -> list[Try]:  # fmt: skip
    """Tries under way that are worse than the median of those that ended, at the same point."""
    study = _study(sweep, space, tries, courses)
    pruner = MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARMUP)
    return [
        try_
        for try_, trial in zip(tries, study.get_trials(deepcopy=False), strict=True)
        if trial.state == TrialState.RUNNING and pruner.prune(study, trial)
    ]


def importance(sweep: Sweep, space: Space, tries: Sequence[Try]) -> dict[str, float]:
    """How much of what tells good tries from bad each setting explains; together 1. Empty if too few ended.

    Source: Watanabe, Bansal, Hutter, "PED-ANOVA", IJCAI 2023.
    """
    study = _study(sweep, space, tries, {})
    ended = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(ended) < FEWEST or len(space) < 2 or len({trial.value for trial in ended}) == 1:
        return {}
    return dict(optuna.importance.get_param_importances(study))


def _study(
    sweep: Sweep, space: Space, tries: Sequence[Try], courses: Mapping[int, Course],
    *, sampler: BaseSampler | None = None,
) -> optuna.Study:  # fmt: skip
    direction = StudyDirection.MAXIMIZE if sweep.goal.more_is_better else StudyDirection.MINIMIZE
    study = optuna.create_study(direction=direction, sampler=sampler)
    distributions = _distributions(space)
    for try_ in tries:
        study.add_trial(_trial(sweep, try_, distributions, courses.get(try_.run_id, {})))
    return study


def _trial(
    sweep: Sweep, try_: Try, distributions: dict[str, BaseDistribution], course: Course
) -> FrozenTrial:
    state = STATES.get(try_.state, TrialState.RUNNING)
    value = try_.figure(sweep.objective)
    if state == TrialState.COMPLETE and value is None:
        state = TrialState.FAIL
    return create_trial(
        state=state,
        value=value if state == TrialState.COMPLETE else None,
        params={name: try_.values[name] for name in distributions},
        distributions=distributions,
        intermediate_values=dict(course),
    )


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {name: _distribution(name, each) for name, each in space.items()}


def _distribution(name: str, dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.choices)
    by_factors = name in BY_FACTORS
    if name in WHOLE:
        return IntDistribution(round(dimension.low), round(dimension.high), log=by_factors)
    return FloatDistribution(dimension.low, dimension.high, log=by_factors)


def _sampler(sweep: Sweep, number: int) -> BaseSampler:
    seed = sweep.seed * 100_003 + number  # each try its own draw, and the same again
    if sweep.sampler == Sampler.RANDOM:
        return RandomSampler(seed=seed)
    startup = max(3, min(10, sweep.most_tries // 3))
    return TPESampler(seed=seed, n_startup_trials=startup, multivariate=True, constant_liar=True)
