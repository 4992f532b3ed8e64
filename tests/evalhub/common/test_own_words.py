"""Words and patterns of one's own: what they find, what they leave, what is none."""

from __future__ import annotations

import re

import pytest

from evalhub.common.own_words import MOST_WORDS, UnfitWord, finder_of, own_words
from evalhub.common.personal_data import find_personal_data, mask_personal_data


def masked(text: str, *words: str) -> str:
    found = finder_of(own_words(words))
    assert isinstance(found, re.Pattern)
    return mask_personal_data(text, [], own=found).text


@pytest.mark.parametrize(
    ("text", "word", "told"),
    [
        ("Erika Mustermann rang.", "erika mustermann", "[MASKED] rang."),
        ("erika\n  MUSTERMANN rang", "Erika Mustermann", "[MASKED] rang"),
        ("Mustermanns, Übermustermann", "mustermann", "Mustermanns, Übermustermann"),
        ("KD-123456, KD-12345, KD-1234567", "KD-######", "[MASKED], KD-12345, KD-1234567"),
        ("order AB12 of A112", "@@##", "order [MASKED] of A112"),
        ("ref ACME-7f-19 and acme-", "ACME-*", "ref [MASKED] and [MASKED]"),
        ("a.b and a+b", "a.b", "[MASKED] and a+b"),
        ("zoe@x.org, issue #7", "zoe@x.org", "[MASKED], issue #7"),
        ("zoe@x.org, issue #7", "issue #7", "zoe@x.org, [MASKED]"),
    ],
)
def test_what_a_line_finds(text: str, word: str, told: str) -> None:
    assert masked(text, word) == told


def test_the_longer_one_wins_and_both_go_before_the_kinds() -> None:
    own = finder_of(["zoe", "zoe@x.org"])
    assert (
        mask_personal_data("zoe@x.org and Zoe", ["email"], own=own).text == "[MASKED] and [MASKED]"
    )
    found = find_personal_data("ann@x.org and Zoe", ["email"], own=own)
    assert [each.kind for each in found] == ["email", "masked"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("*", "fits nearly everything"),
        ("x", "fits nearly everything"),
        ("--", "fits nearly everything"),
        ("a*b*", "one \\* in a pattern is enough"),
        ("x" * 101, "at most 100 letters"),
    ],
)
def test_what_is_no_word_is_refused_with_the_remedy(line: str, told: str) -> None:
    with pytest.raises(UnfitWord, match=told):
        own_words([line])


def test_too_many_are_refused_and_empty_or_doubled_lines_left_out() -> None:
    assert own_words(["", "  Ann  B ", "Ann B"]) == ["Ann B"]
    assert finder_of([]) is None
    with pytest.raises(UnfitWord, match=f"At most {MOST_WORDS}"):
        own_words(f"word {nth}" for nth in range(MOST_WORDS + 1))


def test_no_part_of_a_pattern_is_unbounded() -> None:
    """So a text costs time in proportion to its length, whatever stands in it."""
    found = finder_of(own_words(["a.b+ c*", "KD-##*", "(x+)+ @@"]))
    assert found is not None
    assert re.search(r"(?<![\\[])[*+]|,\}", found.pattern) is None
