"""Agreement on marked passages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from evalhub.stats.passages import majority_of_marks


def majority(marks: list[tuple[int, int, int, int]], people: list[int]) -> list[float]:
    columns = [np.array(each, dtype=np.int64) for each in zip(*marks, strict=True)]
    found: list[float] = majority_of_marks(*columns, people_U=np.array(people)).tolist()
    return found


def test_it_is_a_mean_over_the_characters_that_anybody_marked() -> None:
    """0 to 5 one of three says so, 5 to 10 two of three: two thirds say the same of each."""
    assert majority([(0, 7, 0, 10), (0, 8, 5, 10)], [3]) == pytest.approx([2 / 3])


def test_marks_of_one_person_that_overlap_or_touch_are_one() -> None:
    """Both mark 0 to 9, one of them in three pieces."""
    assert majority([(0, 1, 0, 4), (0, 1, 2, 6), (0, 1, 6, 9), (0, 2, 0, 9)], [2]) == [1.0]


def test_texts_do_not_touch_each_other_and_one_without_marks_says_nothing() -> None:
    """Text 0: 4 of 4 characters by one of four, so 3/4. Text 2: two characters by both, two by one."""
    found = majority([(0, 1, 96, 100), (2, 1, 0, 4), (2, 2, 0, 2)], [4, 3, 2])
    assert found[0] == 0.75
    assert np.isnan(found[1])
    assert found[2] == 0.75


MARK = some.tuples(
    some.integers(0, 2), some.integers(0, 3), some.integers(0, 12), some.integers(1, 6)
)


@given(some.lists(MARK, min_size=1, max_size=12))
def test_it_equals_a_count_character_by_character(drawn: list[tuple[int, int, int, int]]) -> None:
    marks = [(text, person, start, start + length) for text, person, start, length in drawn]
    found = majority(marks, [4, 4, 4])
    for text in range(3):
        said = [
            len({person for at, person, start, end in marks if at == text and start <= place < end})
            for place in range(20)
        ]
        shares = [max(each / 4, 1 - each / 4) for each in said if each]
        if shares:
            assert found[text] == pytest.approx(sum(shares) / len(shares))
        else:
            assert np.isnan(found[text])
