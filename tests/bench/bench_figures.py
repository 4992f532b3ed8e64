"""What parts of reports cost that grow with values and with models, in CPU seconds of one thread.

    OMP_NUM_THREADS=1 python -m tests.bench.bench_figures

Alpha of numbers at the interval and at the ratio level: a million answers by 200 people to a third as many
things, of 32,768 values, in 1,000 buckets of prompts, with 2,000 draws. Tables of a leaderboard: 400 draws of
500 buckets, 8 classes of people, with all cells and with those that were seen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array

from evalhub.stats.agreement import Floats, Level, coded
from evalhub.stats.by_level import disagreement_by, figure_of, sums_of

ANSWERS, PEOPLE, VALUES, BUCKETS, DRAWS = 1_000_000, 200, 32_768, 1000, 2000
GROUPS, CLASSES, RESAMPLES, CELLS = 500, 8, 400, 400_000


def seconds(act: Callable[[], object]) -> str:
    began = time.process_time()
    act()
    return f"{time.process_time() - began:.2f}"


def drawn(draws_BG: Floats, sums_GK: Any, step: int, figure: Callable[[Floats], object]) -> None:
    """`Any`: an array, or a sparse one."""
    for begin in range(0, len(draws_BG), step):
        figure(draws_BG[begin : begin + step] @ sums_GK)


def alphas() -> Table:
    chance = np.random.default_rng(0)
    answers = coded(
        chance.integers(0, ANSWERS // 3, ANSWERS),
        chance.integers(0, PEOPLE, ANSWERS),
        chance.integers(0, VALUES, ANSWERS).astype(float),
    )
    bucket_U = chance.integers(0, BUCKETS, answers.units)
    draws_BG = chance.multinomial(BUCKETS, np.full(BUCKETS, 1 / BUCKETS), size=DRAWS).astype(float)
    table = Table("level", "sums", "draws", "disagreement of each answer")
    for level in (Level.INTERVAL, Level.RATIO):
        sums_GK = sums_of(answers, level, bucket_U)
        figure = figure_of(answers.values_V, level)
        table.add_row(
            level.value,
            seconds(partial(sums_of, answers, level, bucket_U)),
            seconds(partial(drawn, draws_BG, sums_GK, DRAWS, figure)),
            seconds(partial(disagreement_by, answers, level)),
        )
    return table


def boards() -> Table:
    chance = np.random.default_rng(0)
    draws_BG = chance.multinomial(GROUPS, np.full(GROUPS, 1 / GROUPS), size=RESAMPLES).astype(float)
    table = Table("models", "comparisons", "cells", "MB", "draws")
    for models, comparisons in ((6, 1_000_000), (20, 300_000), (100, 100_000), (100, 1_000_000)):
        K = CLASSES * models**2 * 3
        place = (chance.integers(0, GROUPS, comparisons), chance.integers(0, K, comparisons))
        seen = csr_array((np.ones(comparisons), place), shape=(GROUPS, K))
        at_once = max(1, CELLS // (CLASSES * models**2))
        sizes = (GROUPS * K * 8, seen.data.nbytes + seen.indices.nbytes)
        for name, cells, size in zip(("all", "seen"), (seen.toarray(), seen), sizes, strict=True):
            spent = seconds(partial(drawn, draws_BG, cells, at_once, np.sum))
            table.add_row(str(models), f"{comparisons:,}", name, f"{size / 1e6:.0f}", spent)
    return table


def main() -> None:
    console = Console(file=sys.stdout)
    console.print(alphas())
    console.print(boards())


if __name__ == "__main__":
    main()
