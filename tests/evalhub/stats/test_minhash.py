from __future__ import annotations

import random

import numpy as np
import pytest

from evalhub.stats.minhash import BANDS, MOST, ROWS, bands_of, candidates_of, share_a_band
from evalhub.stats.shingles import jaccard, shingles_of

CHANCE = random.Random(7)
WORDS = [f"word{n}" for n in range(5000)]


def text(length: int) -> list[str]:
    return CHANCE.choices(WORDS, k=length)


def plain(texts: list[str]) -> list[set[tuple[str, ...]]]:
    """Shingles of space-separated words, the slow way."""
    sets = []
    for each in texts:
        words = each.split()
        sets.append({tuple(words[at : at + 3]) for at in range(max(len(words) - 2, 1))})
    return sets


def test_the_jaccard_index_is_shared_over_all() -> None:
    assert jaccard(frozenset({1, 2, 3}), frozenset({2, 3, 4})) == 0.5


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Hi", 1),
        ("one two three four", 2),
        ("为什么天空", 3),
        ("?!", 1),
        ("", 1),
        ("हिन्दी में एक वाक्य", 2),
    ],
)
def test_shingles_are_three_words_or_characters_of_cjk(text: str, count: int) -> None:
    assert len(shingles_of([text]).of(0)) == count


def test_the_index_of_hashes_is_that_of_the_words() -> None:
    texts = [" ".join(text(CHANCE.randint(1, 60))) for _ in range(100)]
    texts += [" ".join([*each.split(), "end"]) for each in texts]
    hashed, slow = shingles_of(texts), plain(texts)

    for nth in range(100):
        one, other = slow[nth], slow[nth + 100]
        assert jaccard(hashed.of(nth), hashed.of(nth + 100)) == len(one & other) / len(one | other)
    assert len(set().union(*(hashed.of(nth) for nth in range(200)))) == len(set().union(*slow))


def test_a_text_has_the_same_shingles_wherever_it_stands() -> None:
    """Also at the edge of what is hashed at a time, and in any case and form."""
    alone = shingles_of(["Ein Satz über die Lage"]).of(0)
    long = " ".join(WORDS * 40)

    many = shingles_of([long, "EIN  Satz u\u0308ber, die: lage", long, "Ein Satz über die Lage"])

    assert many.of(1) == many.of(3) == alone
    assert many.of(0) == many.of(2)


def test_hashes_stay_what_they_are() -> None:
    """Written down when sketches were first stored; a change needs a new version of those."""
    shingles = shingles_of(["Why is the sky blue"])

    assert [f"{each:x}" for each in shingles.hashes_S] == GOLDEN_SHINGLES
    assert f"{bands_of(shingles)[0, 0]:x}" == GOLDEN_BAND


GOLDEN_SHINGLES = ["7a52fd6105548380", "bf03381ee315526", "3e7d4b8de4cd383f"]
GOLDEN_BAND = "9bdf8a164165beed"


def test_pairs_share_a_band_as_often_as_the_theory_says() -> None:
    """100 words of which 4 differ: J is about 0.8, where 1 - (1 - 0.8^7)^20 = 0.99 meet."""
    texts = []
    for _ in range(600):
        words = text(100)
        other = list(words)
        for at in CHANCE.sample(range(100), 4):
            other[at] = "other"
        texts += [" ".join(words), " ".join(other)]
    shingles = shingles_of(texts)
    bands = bands_of(shingles)
    pairs = {tuple(pair) for pair in candidates_of(bands).pairs.tolist()}

    expected, met = 0.0, 0
    for at in range(0, len(texts), 2):
        index = jaccard(shingles.of(at), shingles.of(at + 1))
        expected += 1 - (1 - index**ROWS) ** BANDS
        met += (at, at + 1) in pairs
    assert met == pytest.approx(expected, abs=12)
    assert len(pairs) - met < 5  # strangers


def test_every_pair_of_a_band_is_a_candidate_once_and_only_with_a_new_one() -> None:
    bands = np.array([[1, 2], [1, 3], [1, 2], [9, 8]], np.uint64)

    assert candidates_of(bands).pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert candidates_of(bands, new=2).pairs.tolist() == [[0, 2], [1, 2]]
    assert candidates_of(bands, new=3).pairs.tolist() == []
    assert candidates_of(bands[:0]).pairs.tolist() == []


def test_texts_with_more_than_the_most_before_them_are_a_crowd() -> None:
    """22 texts in one band: 21 make pairs with all before them, and the last stands in a crowd of all."""
    bands = np.ones((MOST + 2, 1), np.uint64)
    found = candidates_of(bands)
    assert len(found.pairs) == (MOST + 1) * MOST // 2
    assert [crowd.tolist() for crowd in found.crowds] == [list(range(MOST + 2))]
    assert candidates_of(bands[:-1]).crowds == []
    assert candidates_of(bands, new=MOST + 2).crowds == []


def test_those_that_share_a_band_are_found_among_many() -> None:
    bands = np.array([[1, 2], [3, 4]], np.uint64)

    assert share_a_band(bands, np.array([2, 7], np.uint64)).tolist() == [True, False]
    assert share_a_band(bands, np.array([], np.uint64)).tolist() == [False, False]
