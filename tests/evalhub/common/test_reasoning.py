"""A reasoning falls into the steps that its writer marked."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.common.reasoning import MOST_STEPS, steps_of


def shown(text: str) -> list[str]:
    return [text[step.start : step.end] for step in steps_of(text)]


@pytest.mark.parametrize(
    "text, steps",
    [
        ("", []),
        (" \n\n\t ", []),
        ("One. Two!", ["One.", "Two!"]),
        ("Step 1: a\n\nb\nStep 2: c", ["Step 1: a\n\nb", "Step 2: c"]),
        ("First:\n\n**Step 1.** a\n**Step 2**\nb", ["First:", "**Step 1.** a", "**Step 2**\nb"]),
        ("### Schritt 1: a\n### Schritt 2 – b", ["### Schritt 1: a", "### Schritt 2 – b"]),
        ("1. a\n   1. b\n2) c\r\n3. d", ["1. a", "1. b", "2) c", "3. d"]),
        ("1. a\n    1. b\n2) c\r\n", ["1. a\n    1. b", "2) c"]),
        ("Step 1: a\n1. x\n2. y\nStep 2: b", ["Step 1: a\n1. x\n2. y", "Step 2: b"]),
        ("Step 1: alone\n\nand more", ["Step 1: alone", "and more"]),
        ("Step 1 is hard.\nStep 2 is not.", ["Step 1 is hard.", "Step 2 is not."]),
        ("3.5 is more.\n\n2.5 is less.", ["3.5 is more.", "2.5 is less."]),
        ("a\n\n```\nStep 1:\n\nStep 2:\n```\n\nb", ["a", "```\nStep 1:\n\nStep 2:\n```", "b"]),
        ("A. See.\n```\nx. Y. z\n```\nSo. It is", ["A. See.", "```\nx. Y. z\n```\nSo.", "It is"]),
        ("```\nnever closed.\n\nStep 1:\nStep 2:", ["```\nnever closed.\n\nStep 1:\nStep 2:"]),
        ("E.g. Dr. No, i.e. nobody. Pi is 3.14. So?", ["E.g. Dr. No, i.e. nobody.", "Pi is 3.14.", "So?"]),
        ("Das gilt z.B. Nie. (Oder?) Doch.", ["Das gilt z.B. Nie.", "(Oder?)", "Doch."]),
        ("先看。再算！好", ["先看。", "再算！", "好"]),
    ],
)  # fmt: skip
def test_a_reasoning_falls_into_its_steps(text: str, steps: list[str]) -> None:
    assert shown(text) == steps


def test_beyond_the_hundredth_all_is_one_step() -> None:
    text = "\n".join(f"{nth}. step" for nth in range(1, 151))
    steps = shown(text)
    assert len(steps) == MOST_STEPS
    assert steps[-1].startswith("100. step\n101.")
    assert steps[-1].endswith("150. step")


PIECES = [
    "Step 1:",
    "**Step 2.**",
    "Schritt 3",
    "1. ",
    "2) ",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "a",
    "B. ",
]
PIECES += ["```\n", "~~~", "`", "e.g. ", "😀", "。", "!", "...", "\t", "\u2028", "\x0b"]


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.text())
def test_steps_cover_all_that_is_not_blank_in_order_and_once(text: str) -> None:
    steps = steps_of(text)
    assert steps == steps_of(text)
    assert len(steps) <= MOST_STEPS
    for before, after in pairwise(steps):
        assert before.end <= after.start
    for step in steps:
        inside = text[step.start : step.end]
        assert inside == inside.strip() != ""
    reached = 0
    for start, end in [*((step.start, step.end) for step in steps), (len(text), len(text))]:
        assert text[reached:start].strip() == ""
        reached = end


@pytest.mark.parametrize(
    "piece", ["a. ", "\n", "1. a\n", "`", "```\n", ". ", " ", "。", "step 1", "*_"]
)
def test_two_hundred_thousand_characters_are_split_at_once(piece: str) -> None:
    start = time.process_time()
    steps_of(piece * (200_000 // len(piece)))
    assert time.process_time() - start < 3
