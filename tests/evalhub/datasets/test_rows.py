"""What was said about one prompt, and the rows it becomes. No database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition, definition_of
from evalhub.datasets.errors import BadDefinition
from evalhub.datasets.labels import label_rows
from evalhub.datasets.pairs import preference_rows
from evalhub.datasets.rows import (
    REASONS,
    Answer,
    Kept,
    LeftOut,
    as_row,
    content_uid,
)
from evalhub.datasets.singles import sft_row
from evalhub.quality.consensus import Marks
from evalhub.quality.evidence import Corrected, Evidence, Label, Mark, Pair, Written

ANSWERS = {key: Answer(f"answer {key}", UUID(int=key)) for key in range(1, 6)}
PLAIN = Definition()


def voted(*votes: tuple[int, int, int], **more: Any) -> Evidence:
    """Each vote is (first, second, margin)."""
    evidence = Evidence()
    for first, second, margin in votes:
        evidence.votes[Pair(first, second, "")].add(str(uuid4()), margin=margin, **more)
    return evidence


def rated(**values: list[int | None]) -> Evidence:
    """a=[4, 5] gives completion 1 these marks on one criterion, b completion 2, and so on."""
    evidence = Evidence()
    for key, marks in enumerate(values.values(), start=1):
        for value in marks:
            found = evidence.marks[Mark(key, "helpfulness")]
            found.judgments.append(str(uuid4()))
            if value is None:
                found.missing += 1
            else:
                found.values.append(value)
    return evidence


def pairs(evidence: Evidence, /, **definition: Any) -> list[tuple[str, str, float] | str]:
    """(chosen, rejected, p) of each row; the reason of each pair left out."""
    answers = dict(ANSWERS)
    return [
        (row.answers[0].content[-1], row.answers[1].content[-1], round(row.p_chosen, 3))
        if isinstance(row, Kept)
        else row.reason
        for row in preference_rows(evidence, answers, definition_of(definition))
    ]


def best(evidence: Evidence, /, **definition: Any) -> str:
    row = sft_row(evidence, ANSWERS, definition_of(definition))
    return row.answers[0].content if isinstance(row, Kept) else row.reason


def test_a_pair_goes_to_the_one_with_more_votes_and_keeps_the_share() -> None:
    assert pairs(voted((1, 2, 2), (1, 2, 1), (1, 2, -3))) == [("1", "2", 0.667)]
    assert pairs(voted((1, 2, -1))) == [("2", "1", 1.0)]


def test_ties_have_one_half_or_are_left_out_as_both_bad_is() -> None:
    assert pairs(voted((1, 2, 0)))[0][2] == 0.5
    assert pairs(voted((1, 2, 0)), ties="leave_out") == ["tie"]
    assert pairs(voted((1, 2, 1), (1, 2, -1)), ties="leave_out") == ["tie"]
    assert pairs(voted((1, 2, 0), both_bad=True)) == ["both_bad"]


def test_a_share_below_the_wanted_one_is_left_out() -> None:
    evidence = voted((1, 2, 1), (1, 2, 1), (1, 2, -1))
    assert pairs(evidence, min_consensus=0.7) == ["no_consensus"]
    assert pairs(evidence, min_consensus=0.66) == [("1", "2", 0.667)]


def test_a_criterion_may_be_judged_alone() -> None:
    evidence = voted((1, 2, 1))
    evidence.votes[Pair(1, 2, "safety")].add(str(uuid4()), margin=-1)
    assert pairs(evidence) == [("1", "2", 1.0)]
    assert pairs(evidence, criterion="safety") == [("2", "1", 1.0)]


def test_rankings_are_votes_on_every_pair_or_on_neighbours() -> None:
    evidence = Evidence()
    for first, second, apart in ((1, 2, 1), (1, 3, 2), (2, 3, 1)):
        evidence.rankings[Pair(first, second, "")].add(str(uuid4()), margin=apart)
        if apart == 1:
            evidence.neighbours[Pair(first, second, "")].add(str(uuid4()), margin=1)
    assert len(pairs(evidence)) == 3
    assert pairs(evidence, rankings="adjacent") == [("1", "2", 1.0), ("2", "3", 1.0)]


def test_rankings_and_preferences_on_one_pair_are_counted_together() -> None:
    evidence = voted((1, 2, 1))
    evidence.rankings[Pair(1, 2, "")].add(str(uuid4()), margin=-1)
    assert pairs(evidence, ties="leave_out") == ["tie"]
    assert pairs(evidence, evidence=["preferences"]) == [("1", "2", 1.0)]


def test_ratings_imply_pairs_beyond_the_margin() -> None:
    """Means 4.5 and 3: a gap of 1.5. Of the four comparisons of marks, all are above: P = 1."""
    evidence = rated(a=[4, 5], b=[3, 3], c=[4])
    assert pairs(evidence) == [("1", "2", 1.0), "below_margin", ("3", "2", 1.0)]
    assert pairs(evidence, margin=2.0) == ["below_margin"] * 3


def test_an_implied_pair_knows_how_sure_it_is() -> None:
    """[5, 2] against [1, 3]: 5 is above both, 2 above one: 3 of 4."""
    assert pairs(rated(a=[5, 2], b=[1, 3])) == [("1", "2", 0.75)]


def test_where_nobody_voted_or_rated_the_steps_of_the_reasoning_decide() -> None:
    evidence = rated(a=[5], b=[1])
    for key, values in ((1, [1.0]), (2, [5.0]), (3, [2.0, 5.0]), (4, [5.0, 4.5])):
        evidence.steps[key] = Marks(values=values, judgments=[str(uuid4()) for _ in values])
    found = pairs(evidence)
    assert found[0] == ("1", "2", 1.0), "as rated"
    assert ("4", "1", 1.0) in found
    assert ("4", "3", 0.625) in found
    assert ("2", "4", 0.75) not in found, "a quarter of a point lies between them"
    assert pairs(evidence, evidence=["ratings"]) == [("1", "2", 1.0)]


def test_ratings_do_not_overrule_votes() -> None:
    evidence = rated(a=[1], b=[5])
    evidence.votes[Pair(1, 2, "")].add(str(uuid4()), margin=1)
    assert pairs(evidence) == [("1", "2", 1.0)]


def test_only_criteria_that_both_have_are_compared() -> None:
    evidence = rated(a=[5], b=[None])
    assert pairs(evidence) == ["not_comparable"]
    evidence.marks[Mark(2, "safety")].values.append(1)
    assert pairs(evidence) == ["not_comparable"]


def test_a_correction_beats_its_original() -> None:
    evidence = Evidence(corrections=[Corrected(str(uuid4()), 1, "better", datetime.now(UTC))])
    [row] = preference_rows(evidence, ANSWERS, PLAIN)
    assert isinstance(row, Kept)
    assert [each.content for each in row.answers] == ["better", "answer 1"]


@pytest.mark.parametrize(("content", "reason"), [("answer 1", "same_text"), (" ", "empty")])
def test_a_pair_that_teaches_nothing_is_left_out(content: str, reason: str) -> None:
    evidence = Evidence(corrections=[Corrected(str(uuid4()), 1, content, datetime.now(UTC))])
    [row] = preference_rows(evidence, ANSWERS, PLAIN)
    assert isinstance(row, LeftOut)
    assert row.reason == reason


def test_sft_takes_the_last_correction_first() -> None:
    evidence = rated(a=[5])
    for day, text in ((2, "later"), (1, "earlier")):
        at = datetime(2026, 1, day, tzinfo=UTC)
        evidence.corrections.append(Corrected(str(uuid4()), 1, text, at))
    assert best(evidence) == "later"
    assert best(evidence, evidence=["ratings"]) == "answer 1"


def test_what_a_person_wrote_is_an_sft_row_and_the_newest_by_hand_counts() -> None:
    evidence = rated(a=[5])
    evidence.demonstrations.append(Written(str(uuid4()), "mine", datetime(2026, 1, 2, tzinfo=UTC)))
    evidence.corrections.append(
        Corrected(str(uuid4()), 1, "mended", datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert best(evidence) == "mine"
    assert best(evidence, evidence=["corrections"]) == "mended"


def called(*labels: tuple[str, str | None]) -> Evidence:
    return Evidence(labels=[Label(str(uuid4()), criterion, text) for criterion, text in labels])


def labels(evidence: Evidence, /, **definition: Any) -> list[tuple[str, str, float] | str]:
    return [
        (row.origin, row.answers[0].content, round(row.p_chosen, 3))
        if isinstance(row, Kept)
        else row.reason
        for row in label_rows(evidence, {}, definition_of(definition))
    ]


def test_a_label_is_what_most_say_on_each_criterion() -> None:
    evidence = called(("topic", "tech"), ("topic", "tech"), ("topic", "other"), ("urgent", "no"))
    assert labels(evidence) == [("topic", "tech", 0.667), ("urgent", "no", 1.0)]
    assert labels(evidence, criterion="topic", min_consensus=0.7) == ["no_consensus"]


def test_those_who_could_not_tell_have_no_vote_on_a_label() -> None:
    assert labels(called(("topic", None), ("topic", "tech"))) == [("topic", "tech", 1.0)]
    assert labels(called(("topic", None))) == ["nobody_could_tell"]


def weighed(**weights: int) -> Evidence:
    """Completion 1 is 5 true and 1 kind, completion 2 the other way round."""
    evidence = Evidence()
    for key, values in ((1, {"true": 5, "kind": 1}), (2, {"true": 1, "kind": 5})):
        for criterion, value in values.items():
            marks = evidence.marks[Mark(key, criterion)]
            marks.values.append(value)
            marks.judgments.append(str(uuid4()))
            marks.weight = weights[criterion]
    return evidence


def test_a_criterion_counts_by_its_weight() -> None:
    """3 · (5 - 1) + 1 · (1 - 5) = 8 over 4: two points better, and 3 of 4 say so."""
    assert pairs(weighed(true=3, kind=1)) == [("1", "2", 0.75)]
    assert pairs(weighed(true=1, kind=3)) == [("2", "1", 0.75)]
    assert best(weighed(true=3, kind=1)) == "answer 1"
    assert best(weighed(true=1, kind=3)) == "answer 2"


def test_a_criterion_without_weight_counts_only_where_it_is_asked_for() -> None:
    assert pairs(weighed(true=0, kind=1)) == [("2", "1", 1.0)]
    assert pairs(weighed(true=0, kind=1), criterion="true") == [("1", "2", 1.0)]


def test_sft_takes_the_best_rated_over_the_threshold() -> None:
    assert best(rated(a=[4, 4], b=[5, 4], c=[1])) == "answer 2"
    assert best(rated(a=[3], b=[3])) == "below_threshold"
    assert best(rated(a=[3], b=[2]), min_rating=3) == "answer 1"


def test_missing_marks_are_neither_zero_nor_a_reason_to_win() -> None:
    assert best(rated(a=[None, 4], b=[None])) == "answer 1"
    assert best(rated(a=[None])) == "nobody_could_tell"


def test_where_people_only_compared_sft_takes_the_winner_with_consensus() -> None:
    """3 of 5 votes is exactly 0.6; 4 of 7 is 0.571."""
    assert best(voted(*[(1, 2, 1)] * 3, *[(1, 2, -1)] * 2)) == "answer 1"
    assert best(voted(*[(1, 2, 1)] * 4, *[(1, 2, -1)] * 3)) == "no_consensus"
    assert best(voted((1, 2, 0))) == "tie"
    assert best(voted((1, 2, 0), both_bad=True)) == "both_bad"


def test_ratings_below_the_threshold_are_not_saved_by_a_vote() -> None:
    evidence = rated(a=[2], b=[1])
    evidence.votes[Pair(1, 2, "")].add(str(uuid4()), margin=3)
    assert best(evidence) == "below_threshold"


def test_sft_takes_the_top_of_a_ranking() -> None:
    evidence = Evidence()
    for first, second in ((2, 3), (1, 3)):
        evidence.rankings[Pair(first, second, "")].add(str(uuid4()), margin=-1)
    evidence.rankings[Pair(1, 2, "")].add(str(uuid4()), margin=1)
    assert best(evidence) == "answer 3"


def test_a_prompt_with_nothing_but_a_critique_says_so() -> None:
    assert best(Evidence()) == "nothing_said"
    assert pairs(Evidence()) == []


def test_every_reason_is_explained() -> None:
    assert all(reason and text for reason, text in REASONS.items())


MESSAGES = [{"role": "user", "content": "Why?"}]


def test_a_row_is_named_by_its_text_alone() -> None:
    one = Kept((ANSWERS[1], ANSWERS[2]), "preferences", "x", (str(uuid4()),), 0.6, 2)
    same = Kept((Answer("answer 1", None), ANSWERS[2]), "ratings", "y", (), 1.0, 1)
    turned = Kept((ANSWERS[2], ANSWERS[1]), "ratings", "y", ())
    assert content_uid(MESSAGES, one) == content_uid(MESSAGES, same)
    assert content_uid(MESSAGES, one) != content_uid(MESSAGES, turned)


def test_rows_are_conversational_or_plain_strings() -> None:
    kept = Kept((ANSWERS[1], ANSWERS[2]), "preferences", "x", (), 2 / 3, 3)
    talk = [{"role": "system", "content": "Be kind."}, *MESSAGES]

    row = as_row(BuildKind.PREFERENCE, talk, UUID(int=7), kept, "conversational")
    plain = as_row(BuildKind.PREFERENCE, talk, UUID(int=7), kept, "string")

    assert row["prompt"] == talk
    assert row["chosen"] == [{"role": "assistant", "content": "answer 1"}]
    assert (row["p_chosen"], row["weight"]) == (0.667, 3)
    assert plain["prompt"] == "System: Be kind.\n\nUser: Why?\n\nAssistant: "
    assert plain["rejected"] == "answer 2"
    assert (
        as_row(BuildKind.SFT, MESSAGES, UUID(int=7), Kept((ANSWERS[1],), "", "", ()), "string")[
            "prompt"
        ]
        == "Why?"
    )


@pytest.mark.parametrize(
    "values",
    [
        {"min_rating": 6},
        {"min_consensus": 0.2},
        {"margin": 0},
        {"sources": ["people"]},
        {"colour": "red"},
        {"campaigns": ["x"]},
    ],
)
def test_a_wrong_definition_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadDefinition):
        definition_of(values)
