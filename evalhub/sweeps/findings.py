"""What a sweep's tries say together. Computed by whoever moves it on, and stored: pages only show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evalhub.sweeps.models import Sweep, Try
from evalhub.sweeps.space import SEED, Space

SHARE = "train_share"
WORTHWHILE = 0.01  # of a loss by its height, of a share in itself
HALF, WHOLE = 0.5, 1.0


def findings_of(sweep: Sweep, space: Space, tries: Sequence[Try]) -> dict[str, Any]:
    if sweep.is_curve:
        return _curve(sweep, tries)
    from evalhub.sweeps.asking import importance  # only who asks pays for Optuna

    return {"importance": importance(sweep, space, tries)}


def _curve(sweep: Sweep, tries: Sequence[Try]) -> dict[str, Any]:
    from evalhub.stats.learning_curve import (  # scipy: not on pages
        last_doubling,
        mean_with_interval,
    )

    figures: dict[float, dict[int, float]] = defaultdict(dict)  # by share, by seed
    for try_ in tries:
        if (figure := try_.figure(sweep.objective)) is not None:
            figures[try_.values[SHARE]][try_.values[SEED]] = figure
    points = []
    for share, by_seed in sorted(figures.items()):
        told = mean_with_interval([by_seed[seed] for seed in sorted(by_seed)])
        rows = max(1, round(share * sweep.build.rows["train"]))
        points.append({"share": share, "rows": rows, **asdict(told)})
    half, whole = figures[HALF], figures[WHOLE]
    seeds = sorted(half.keys() & whole.keys())
    height = sum(whole.values()) / len(whole) if whole else 0.0
    doubling = last_doubling(
        [half[seed] for seed in seeds],
        [whole[seed] for seed in seeds],
        worthwhile=WORTHWHILE if sweep.goal.more_is_better else WORTHWHILE * height,
        more_is_better=sweep.goal.more_is_better,
    )
    return {"points": points, "doubling": asdict(doubling)}
