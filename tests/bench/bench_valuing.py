"""Valuing as many tasks as are valued together: `python -m tests.bench.bench_valuing`, one thread.

20,000 open pairs of four models' answers of 80 words, three slices, 20,000 judgments; without the database.
"""

from __future__ import annotations

import os
import time

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from evalhub.valuing.answers import Answer  # noqa: E402
from evalhub.valuing.choices import Aim  # noqa: E402
from evalhub.valuing.decisions import Field  # noqa: E402
from evalhub.valuing.knowledge import MOST_JUDGMENTS, MOST_TASKS, Pair, Said  # noqa: E402

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
    pairs = [Pair(at, 2 * at, 2 * at + 1) for at in range(MOST_TASKS)]
    begun = time.perf_counter()
    field = Field(answers, said)
    known = time.perf_counter()
    field.find(pairs, aim=Aim.BOTH, most=200, seed=1, beat=lambda: None)
    print(f"features and belief {known - begun:.1f} s, order {time.perf_counter() - known:.1f} s")


if __name__ == "__main__":
    main()
