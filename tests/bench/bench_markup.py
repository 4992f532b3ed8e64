"""CPU of turning responses into what an annotator sees.

    python -m tests.bench.bench_markup [--json]

Milliseconds of CPU, the least of seven turns: what else the machine does only ever adds. The page
is one prompt of 100 words and two responses of 150, as in a comparison; all of it plain prose.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable

TURNS, LEAST_SECONDS = 7, 0.05
WORDS = (
    "a",
    "long",
    "and",
    "careful",
    "answer",
    "says",
    "first",
    "what",
    "it",
    "means",
    "then",
    "why",
)
LIST_AND_CODE = """

- **one** thing to see
- a second with `code` in it
- and a third

```python
def halve(number: float) -> float:
    return number / 2
```

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    figures = measure()
    print(json.dumps(figures) if options.json else _table(figures))


def measure() -> dict[str, dict[str, float]]:
    from evalhub.common.identity import mask_identity
    from evalhub.common.markup import MOST_RENDERED, to_html, to_marked_html
    from evalhub.common.reasoning import steps_of

    texts = {
        "150 words of prose": [prose(150)],
        "a page: 100, 150 and 150 words": [prose(100), prose(150), prose(150)],
        "150 words, a list and code": [prose(60) + LIST_AND_CODE + prose(64)],
        f"{MOST_RENDERED:,} characters": [prose(20_000)[:MOST_RENDERED]],
        "200,000 characters": [prose(60_000)[:200_000]],
        "200,000 characters, CR LF": [prose(60_000).replace("\n", "\r\n")[:200_000]],
    }
    works: list[Callable[[str], object]] = [to_html, to_marked_html, mask_identity, steps_of]
    return {
        name: {work.__name__: round(_milliseconds(work, these), 3) for work in works}
        for name, these in texts.items()
    }


def prose(words: int) -> str:
    """Sentences of 12 words, paragraphs of five sentences; the same each time."""
    chance, parts = random.Random(7), []
    for nth in range(1, words + 1):
        end = ".\n\n" if nth % 60 == 0 else ". " if nth % 12 == 0 else " "
        parts.append(chance.choice(WORDS) + end)
    return "".join(parts).strip()


def _milliseconds(work: Callable[[str], object], texts: list[str]) -> float:
    least = float("inf")
    for _ in range(TURNS):
        began, times = time.process_time(), 0
        while (spent := time.process_time() - began) < LEAST_SECONDS:
            times += 1
            for text in texts:
                work(text)
        least = min(least, spent / times)
    return least * 1000


def _table(figures: dict[str, dict[str, float]]) -> str:
    names = list(next(iter(figures.values())))
    lines = ["ms of CPU".ljust(32) + "".join(name.rjust(16) for name in names)]
    for text, row in figures.items():
        lines.append(text.ljust(32) + "".join(f"{row[name]:16.3f}" for name in names))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
