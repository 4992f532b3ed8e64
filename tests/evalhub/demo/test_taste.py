from __future__ import annotations

import json
from collections import Counter

import pytest

from evalhub.demo.services import PROMPTS
from evalhub.demo.taste import SLIP, Taste, style_of


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("With pleasure! The capital of France is Paris. I hope that helps!", "polite"),
        ("The capital of France is Paris.", "plain"),
        ("No. It would take what belongs to somebody else.", "curt"),
        ("Paris. Done.", "curt"),
    ],
)
def test_a_style_is_known_by_its_opener_and_closer(text: str, style: str) -> None:
    assert style_of(text) == style


def test_the_same_judge_says_the_same_again_and_another_may_not() -> None:
    prompt, texts = "Why is the sky blue?", [f"Because {n}. Done." for n in range(200)]
    one, other = Taste("simulated-1"), Taste("simulated-2")
    assert one.styles(prompt, texts) == one.styles(prompt, texts)
    assert one.styles(prompt, texts) != other.styles(prompt, texts)


def test_one_answer_in_ten_is_taken_for_another_style() -> None:
    texts = [f"Because {n}. Done." for n in range(2000)]
    seen = Counter(Taste("simulated-1").styles("Why?", texts))
    slips = 1 - seen["curt"] / len(texts)
    assert SLIP - 0.02 < slips < SLIP + 0.02
    assert min(seen["polite"], seen["plain"]) > 0


def test_the_demos_answers_hold_every_style_often_enough_to_be_compared() -> None:
    styles: Counter[str] = Counter()
    with PROMPTS.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            contents = [each["content"] for each in row["completions"]]
            assert len(set(contents)) == len(contents) >= 3, row["id"]
            styles.update(style_of(content) for content in contents)
    assert min(styles.values()) > sum(styles.values()) / 5, styles
