"""What is looked at first so that most texts are soon done, against the expressions that say it whole."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from evalhub.datasets.cleaning import code, repairs

MESSY = re.compile(
    "[ \t]\n|\n{4}|\\A\n|\\s\\Z|[\r\v\f\u00a0\u00ad\u0085\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\ufeff]"
)
SIGNS = st.text(alphabet="`~ \na", max_size=40)


@given(SIGNS)
@example("a\n   ```\nb\n   ```\nc `d` e")
@example("a\n    ```b```")
@example("a ~~ b ` c\n~~~")
def test_code_is_found_from_its_first_sign_on(text: str) -> None:
    assert code.without_code(text) == code._CODE.sub(" ", text)
    found = [each.span() for each in code._code_in(text)]
    assert found == [each.span() for each in code._CODE.finditer(text)]
    assert code.outside_code(text, str.upper) == "".join(
        piece if nth % 2 else piece.upper() for nth, piece in enumerate(cut(text, found))
    )


def cut(text: str, spans: list[tuple[int, int]]) -> list[str]:
    ends = [0, *(end for span in spans for end in span), len(text)]
    return [text[begin:end] for begin, end in pairwise(ends)]


@given(SIGNS, st.integers(0, 12))
@example("abc   ```\nd", 3)
def test_the_beginning_of_the_prose(text: str, most: int) -> None:
    assert code.beginning_without_code(text, most) == code.without_code(text)[:most]


@given(st.text(alphabet="a \t\n\r\x0b\x1c\u00a0\u200b\u3000", max_size=12))
def test_what_is_messy(text: str) -> None:
    assert repairs._is_messy(text) == (MESSY.search(text) is not None)


@given(st.text(alphabet="aßÃÂâВ Ð°¤ô©¶\u0153\u2122", max_size=8) | st.text(max_size=8))
@example("schÃ¶n")
@example("Ã la carte")
def test_what_may_be_mojibake(text: str) -> None:
    assert repairs._has_pairs(text) == (repairs._PAIRS.search(text) is not None)
