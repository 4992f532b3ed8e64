"""What a Round says of the judgments it was made of."""

from __future__ import annotations

from evalhub.loops.story import judgments_in_words


def test_judgments_of_people_are_counted_with_their_people() -> None:
    used = {"human": {"judgments": 1_400}, "imported": {"judgments": 12}}
    assert judgments_in_words(used, people=9) == "1,412 judgments by 9 people"


def test_simulated_judgments_are_never_told_as_peoples_work() -> None:
    used = {"simulated": {"judgments": 1_120}}
    assert judgments_in_words(used, people=2) == "1,120 simulated judgments by 2 members"
    assert (
        judgments_in_words(used | {"human": {"judgments": 10}}, people=3)
        == "1,130 judgments (1,120 simulated) by 3 members"
    )
