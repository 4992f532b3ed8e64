"""Rows of the same text become one, and nothing that was said of them is lost."""

from __future__ import annotations

from typing import Any

import pytest

from evalhub.datasets.combining import combined
from evalhub.datasets.spill import REPLAY, Entry, entry_of


def entry(body: dict[str, Any], *judgments: str, origin: str = "ratings", **facts: Any) -> Entry:
    row = {"id": "0" * 32, "group": "g"} | body
    lineage = {
        "id": row["id"], "from": origin, "reason": "said so", "judgments": list(judgments),
        "completions": [f"c-{name}" for name in judgments],
    }  # fmt: skip
    known = {"lengths": [3], "p_chosen": 1.0, "said": (), "flags": []} | facts
    return entry_of(row, lineage, split="train", facts=known)


def told(same: list[Entry]) -> tuple[dict[str, Any], dict[str, Any]]:
    found = combined(same)
    assert isinstance(found, Entry)
    return found.read()


@pytest.mark.parametrize("turned", [False, True])
def test_of_an_answer_called_good_and_bad_the_heavier_side_stays(*, turned: bool) -> None:
    """It was the first that came, with the weight of both."""
    good = entry({"completion": "Yes.", "label": True, "weight": 1.0}, "a", said=("label", "good"))
    bad = entry({"completion": "Yes.", "label": False, "weight": 9.0}, "b", said=("label", "bad"))
    same = [bad, good] if turned else [good, bad]
    row, lineage = told(same)
    assert (row["label"], row["weight"], lineage["judgments"]) == (False, 8.0, ["a", "b"])
    found = combined(same)
    assert isinstance(found, Entry)
    assert found.known()["said"] == ["label", "bad"]


def test_as_much_for_good_as_for_bad_is_a_tie() -> None:
    good = entry({"completion": "Yes.", "label": True, "weight": 2.0})
    bad = entry({"completion": "Yes.", "label": False, "weight": 2.0})
    assert combined([good, bad]) == "tie"


def test_shares_and_margins_are_averaged_by_weight() -> None:
    one = entry({"chosen": "A", "p_chosen": 1.0, "margin": 3.0, "weight": 3.0})
    other = entry({"chosen": "A", "p_chosen": 0.6, "margin": 1.0, "weight": 1.0})
    row, _ = told([one, other])
    assert (row["p_chosen"], row["margin"], row["weight"]) == (0.9, 2.5, 4.0)


def test_what_people_said_of_a_prompt_that_stands_twice_is_put_together() -> None:
    """Of two collections: answers, scores and the reference of either."""
    one = entry(
        {
            "reference": None,
            "completions": [{"content": "B", "scores": {"tone": {"mean": 4.0, "n": 2}}}],
            "weight": 1.0,
        },
        "a",
    )
    other = entry(
        {
            "reference": "R",
            "completions": [
                {"content": "A", "scores": {}},
                {"content": "B", "scores": {"tone": {"mean": 1.0, "n": 1}, "fit": {"mean": 5.0, "n": 1}}},
            ],
            "weight": 1.0,
        },
        "b",
    )  # fmt: skip
    row, lineage = told([one, other])
    assert row["reference"] == "R"
    assert row["completions"] == [
        {"content": "A", "scores": {}},
        {"content": "B", "scores": {"tone": {"mean": 3.0, "n": 3}, "fit": {"mean": 5.0, "n": 1}}},
    ]
    assert lineage["completions"] == ["c-a", "c-b"]


def test_answers_and_documents_to_be_learnt_weigh_as_the_heaviest_of_them() -> None:
    for name in ("completion", "text"):
        same = [entry({name: "Yes.", "weight": weight}) for weight in (0.5, 1.0)]
        assert told(same)[0]["weight"] == 1.0


def test_a_replayed_row_counts_once() -> None:
    fresh = entry({"completion": "Yes.", "label": True, "weight": 1.0}, "a")
    replayed = entry(
        {"completion": "Yes.", "label": False, "weight": 5.0}, "a", origin=f"{REPLAY}ratings"
    )
    assert combined([fresh, replayed]) == fresh
