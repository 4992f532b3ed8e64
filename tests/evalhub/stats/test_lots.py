"""A lot that gives each part its share."""

from __future__ import annotations

from collections import Counter

from evalhub.stats.lots import spread_lot

STRATA = [("language=de", "topic=sky")] * 13 + [("language=de", "topic=sea")] * 7 + [("language=en",)] * 30  # fmt: skip


def test_each_part_gets_its_share_but_for_less_than_one() -> None:
    """Of 50, 12: 3.12, 1.68 and 7.2; German together 4.8."""
    for seed in range(200):
        drawn = Counter(STRATA[place] for place in spread_lot(STRATA, most=12, seed=seed))
        sky, sea, english = (drawn[each] for each in dict.fromkeys(STRATA))
        assert sky + sea + english == 12
        assert (sky in (3, 4), sea in (1, 2), english in (7, 8)) == (True, True, True)
        assert sky + sea in (4, 5)


def test_each_is_as_likely_as_any_other() -> None:
    """Of 4,000 lots each of 50 is in 960, give or take five times 27."""
    counts = Counter(
        place for seed in range(4000) for place in spread_lot(STRATA, most=12, seed=seed)
    )
    assert len(counts) == 50
    assert max(abs(count - 960) for count in counts.values()) < 135


def test_the_same_seed_draws_the_same_and_no_more_than_there_are() -> None:
    assert spread_lot(STRATA, most=9, seed=4) == spread_lot(STRATA, most=9, seed=4)
    assert spread_lot(STRATA, most=9, seed=4) != spread_lot(STRATA, most=9, seed=5)
    assert spread_lot(STRATA[:3], most=9, seed=4) == [0, 1, 2]
    assert spread_lot([], most=9, seed=4) == []
