"""When a complaint is resolved: each case by hand."""

from __future__ import annotations

import pytest

from evalhub.followups.rule import Found, Scale, is_low, on_criterion, overall

FIVE, FOUR = Scale(1, 5), Scale(1, 4)


def finding(found: Found | None) -> str:
    assert found is not None
    return str(found.finding)


@pytest.mark.parametrize(
    ("value", "scale", "low"),
    [(2, FIVE, True), (2.9, FIVE, True), (3, FIVE, False), (2, FOUR, True), (3, FOUR, False), (-1, Scale(-2, 2), True)],
)  # fmt: skip
def test_a_rating_below_the_middle_of_its_scale_is_a_complaint(
    value: float, scale: Scale, low: object
) -> None:
    assert is_low(value, scale) is low


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([(1, 3), (2, 4)], "resolved"),  # 1.5 to 3.5
        ([(1, 2), (1, 3)], "better"),  # 1 to 2.5, still below 3
        ([(4, 5)], "resolved"),  # the raters never shared it, and like the new one more
        ([(2, 3), (3, 2)], "same"),
        ([(3, 2)], "worse"),
    ],
)
def test_on_a_criterion_it_is_resolved_where_the_mean_rises_out_of_the_lower_half(
    pairs: list[tuple[int, int]], found: str
) -> None:
    assert finding(on_criterion(pairs, FIVE)) == found


@pytest.mark.parametrize(
    ("gains", "against_edit", "found"),
    [
        ([1, 1], [0, 1], "resolved"),
        ([1, 1], [-1, 1], "resolved"),  # at the edit on average
        ([1, 1], [-1, 0], "better"),
        ([0], [1], "same"),  # above the edit, and no better than the old one
        ([-1, 0], [1, 1], "worse"),
    ],
)
def test_overall_the_edit_says_how_good_is_good_enough(
    gains: list[int], against_edit: list[int], found: str
) -> None:
    assert finding(overall(gains, against_edit=against_edit, has_faults=False)) == found


def test_without_an_edit_the_rubric_says_it() -> None:
    assert finding(overall([1], against_edit=None, has_faults=False)) == "resolved"
    assert finding(overall([1], against_edit=None, has_faults=True)) == "better"


def test_what_nobody_judged_is_not_known() -> None:
    assert on_criterion([], FIVE) is None
    assert overall([], against_edit=None, has_faults=False) is None
