"""The plain count, in the one place where it is made."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from evalhub.quality.plain import plain_of, unlike_plain
from evalhub.quality.questions import BOTH_BAD, Asked
from evalhub.stats.agreement import Level

_ = np.nan


def asked(level: Level, *units: list[float], is_pair: bool = False) -> Asked:
    """One answer after the other, unit by unit."""
    unit_R = np.repeat(np.arange(len(units)), [len(each) for each in units])
    told: dict[str, Any] = {
        each.name: np.zeros(len(unit_R), dtype=np.int64)
        for each in fields(Asked)
        if each.name.endswith("_R")
    }
    told |= {"unit_R": unit_R, "value_R": np.concatenate(units).astype(float)}
    return Asked(criterion=1, name="tone", version=1, version_uid=None, level=level, is_pair=is_pair, **told)  # fmt: skip


def test_the_most_frequent_of_choices_and_nothing_where_two_are() -> None:
    said = asked(Level.NOMINAL, [1, 1, 2], [1, 2], [3])
    assert plain_of(said) == pytest.approx([1, _, 3], nan_ok=True)
    counts = np.array([True, False, True, True, True, False])
    assert plain_of(said, counts) == pytest.approx([_, _, _], nan_ok=True)


def test_of_a_pair_the_side_that_more_take() -> None:
    said = asked(Level.NOMINAL, [1, 1, -1], [0, 0, 0, -1], [1, -1, BOTH_BAD], is_pair=True)
    assert plain_of(said) == pytest.approx([1, -1, _], nan_ok=True)


@pytest.mark.parametrize("level", [Level.ORDINAL, Level.INTERVAL, Level.RATIO])
def test_of_a_scale_and_of_numbers_the_mean_to_the_nearest_point(level: Level) -> None:
    said = asked(level, [1, 2], [1, 1, 2], [7])
    assert plain_of(said) == pytest.approx([2, 1, 7])  # one and a half goes up
    counts = np.array([True, False, True, True, True, False])
    assert plain_of(said, counts) == pytest.approx([1, 1, _], nan_ok=True)


def test_a_draw_and_neither_side_say_nothing_else() -> None:
    choices = asked(Level.NOMINAL, [1, 1, 2], [1, 2], [3])
    assert unlike_plain(choices, np.array([2.0, 2.0, 3.0])).tolist() == [True, False, False]
    pairs = asked(Level.NOMINAL, [1, 1, -1], [1], [0], is_pair=True)
    assert unlike_plain(pairs, np.array([-1.0, 0.0, 1.0])).tolist() == [True, False, False]
    scale = asked(Level.ORDINAL, [1, 2], [4, 4])
    assert unlike_plain(scale, np.array([1.6, 3.2])).tolist() == [False, True]


def test_nobody_said_anything() -> None:
    for level in Level:
        assert len(plain_of(asked(level, []))) == 0
