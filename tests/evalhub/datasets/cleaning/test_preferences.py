from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from evalhub.datasets.cleaning.near_rows import NearRows
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.preferences import Preference, beaten
from evalhub.datasets.cleaning.whole import Sight, Whole

LONG = "Please explain to a child of ten why the sky looks blue by day and red in the evening"


def prefer(better: str, worse: str, weight: float = 1.0) -> Preference:
    return Preference(better, worse, weight, 0.8)


def test_the_lighter_of_two_that_contradict_goes_and_both_where_they_weigh_the_same() -> None:
    assert beaten([prefer("a", "b", 3), prefer("b", "a", 1)]) == ({1}, set())
    assert beaten([prefer("a", "b"), prefer("b", "a")]) == ({0, 1}, set())
    assert beaten([prefer("a", "b"), prefer("b", "a"), prefer("a", "b")]) == ({1}, set())


def test_the_lightest_of_a_circle_goes() -> None:
    circle = [prefer("a", "b", 3), prefer("b", "c", 1), prefer("c", "a", 2), prefer("c", "d", 1)]

    assert beaten(circle) == (set(), {1})
    assert beaten(circle[:2]) == (set(), set())


PAIRS = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)).filter(
    lambda each: each[0] != each[1]
)


@given(st.lists(PAIRS, max_size=25))
def test_what_is_left_can_stand_in_an_order(pairs: list[tuple[int, int, int]]) -> None:
    rows = [Preference(a, b, float(weight), 0.7) for a, b, weight in pairs]

    lost = beaten(rows)

    after = defaultdict(set)
    for nth, row in enumerate(rows):
        if nth not in lost.contradicted | lost.in_cycles:
            after[row.better].add(row.worse)
    while ends := {node for node in after if not after[node] & after.keys()}:
        for node in ends:
            del after[node]
    assert not after


def near(folder: Path, rows: list[list[str]]) -> list[int]:
    found = NearRows(folder, parts=len(rows[0]))
    for each in rows:
        found.add(each)
    return found.roots()


def test_rows_are_near_duplicates_only_where_every_part_is(tmp_path: Path) -> None:
    other = "Write a poem about a dog that lost its bone in the garden behind the old red house"
    rows = [
        [LONG, "Light is scattered by the air, and blue light more than red light is"],
        [LONG + " now", "Light is scattered by the air, and blue light more than red light is too"],
        [LONG, "Nobody knows"],
        [other, "Light is scattered by the air, and blue light more than red light is"],
    ]

    assert near(tmp_path, rows) == [0, 0, 2, 3]


def test_a_crowd_of_alike_rows_is_one_cluster(tmp_path: Path) -> None:
    assert near(tmp_path, [[f"{LONG} number {nth}"] for nth in range(50)]) == [0] * 50


def seen(
    options: Cleaning, rows: list[tuple[str, list[str], float]], tmp_path: Path
) -> list[Sight]:
    whole = Whole(options, ("chosen", "rejected"), tmp_path)
    for nth, (group, texts, weight) in enumerate(rows):
        whole.add(f"{nth:032x}", group=group, texts=texts, weight=weight, p_chosen=1.0)
    return list(whole.sights())


def test_answers_are_compared_within_a_group_whatever_the_wording_of_the_prompt(
    tmp_path: Path,
) -> None:
    rows = [
        ("g", ["Why?", "Yes", "No"], 2.0),
        ("g", ["But why?", "no", "yes "], 1.0),
        ("h", ["Why?", "No", "Yes"], 1.0),
    ]

    [sight] = seen(Cleaning(outliers="off"), rows, tmp_path)

    assert (int(sight.id, 16), sight.finding.step) == (1, "contradictions")


def test_the_best_supported_of_near_duplicates_stays(tmp_path: Path) -> None:
    rows = [("g", [LONG + end, LONG, "No"], weight) for end, weight in [("", 1.0), (" ok", 3.0)]]

    [sight] = seen(Cleaning(near_duplicates="report", cycles="off"), rows, tmp_path)

    assert int(sight.id, 16) == 0
    assert sight.finding.what.endswith(f"{1:032x}")


def test_a_text_far_longer_than_the_others_is_an_outlier(tmp_path: Path) -> None:
    """Logs of 90 to 129 have the median 4.7 and a deviation of 0.13; 20,000 is 39 of them away."""
    rows = [("g", ["Why?" * 25, "a" * (90 + nth), "b" * 100], 1.0) for nth in range(40)]
    rows += [("g", ["Why?" * 25, "c" * 20_000, "b" * 100], 1.0)]

    [sight] = seen(Cleaning(contradictions="off", cycles="off"), rows, tmp_path)

    assert (int(sight.id, 16), sight.field) == (40, "chosen")
    assert "20000 characters" in sight.finding.what
