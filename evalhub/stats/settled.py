"""When answers of a task agree so far that nobody more need be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import median

LEAD = 2  # how far ahead the first answer must be
NEAR = 1  # steps of a scale from the median that still agree with it


def is_decided(answers: Sequence[Hashable]) -> bool:
    """Whether the most frequent answer has two more than the next: 3 to 1 has, 2 to 1 has not.

    One answer alone cannot disagree.
    """
    counts = [count for _answer, count in Counter(answers).most_common(2)]
    return len(answers) < LEAD or counts[0] - sum(counts[1:]) >= LEAD


def is_close(values: Sequence[float]) -> bool:
    """The same for the points of a scale: two more are near the median than are not.

    4, 4, 5 are close; 1, 4, 5 are not, and 1, 5 neither.
    """
    if len(values) < LEAD:
        return True
    middle = median(values)
    near = sum(abs(value - middle) <= NEAR for value in values)
    return near - (len(values) - near) >= LEAD
