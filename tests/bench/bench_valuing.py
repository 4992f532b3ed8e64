"""Valuing as many tasks as are valued together: `python -m tests.bench.bench_valuing`, one thread.

20,000 comparisons or ratings, or 5,000 rankings of eight, of four models' answers of 80 words, three slices, 20,000
judgments; without the database.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from evalhub.valuing.answers import Answer  # noqa: E402
from evalhub.valuing.choices import Aim  # noqa: E402
from evalhub.valuing.decisions import Compared, Field, Scored  # noqa: E402
from evalhub.valuing.knowledge import (  # noqa: E402
    MOST_JUDGMENTS,
    MOST_RANKED,
    MOST_TASKS,
    Asked,
    Heard,
    Rated,
    Said,
)

WORDS = [
    "the",
    "a",
    "of",
    "light",
    "sky",
    "blue",
    "cat",
    "runs",
    "far",
    "near",
    "because",
    "so",
    "it",
    "is",
    "not",
    "very",
    "good",
    "bad",
    "and",
]


def main() -> None:
    chance = np.random.default_rng(0)
    answers = {
        key: Answer(
            "Why is the sky blue?", " ".join(chance.choice(WORDS, 80)), model=key % 4 + 1,
            slices=(f"topic={key // 4 % 3}",),
        )
        for key in range(2 * MOST_TASKS)
    }  # fmt: skip
    met = chance.integers(0, len(answers), (MOST_JUDGMENTS, 2)).tolist()
    said = [Said(one, other, float(chance.random() < 0.6)) for one, other in met]
    rated = [Rated(one, float(chance.integers(1, 6))) for one, _ in met]
    heard = Heard(MOST_JUDGMENTS, 0, said=said, rated=rated)
    keys = range(MOST_TASKS)
    for name, make, asked in (
        ("comparisons", lambda: Compared(answers, heard), [Asked(at, (2 * at, 2 * at + 1)) for at in keys]),
        ("ratings", lambda: Scored(answers, heard, threshold=4.0), [Asked(at, (at,)) for at in keys]),
        ("rankings of 8", lambda: Compared(answers, heard), [Asked(at, tuple(range(8 * at, 8 * at + 8))) for at in range(MOST_RANKED)]),
    ):  # fmt: skip
        _tell(name, make, asked)


def _tell(name: str, make: Callable[[], Field], asked: list[Asked]) -> None:
    begun = time.perf_counter()
    field = make()
    known = time.perf_counter()
    field.find(asked, aim=Aim.BOTH, most=200, seed=1, beat=lambda: None)
    ended = time.perf_counter()
    print(
        f"{len(asked):,} {name}: features and belief {known - begun:.1f} s, order {ended - known:.1f} s"
    )


if __name__ == "__main__":
    main()
