from __future__ import annotations

import time
from uuid import uuid4

import pytest

from evalhub.labelling.errors import UnfitFunction
from evalhub.labelling.parameters import parameters_of
from evalhub.labelling.voting import Material, votes_by


def vote(kind, given, text, **slices):
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes?"}]
    prompt = Material([*turns, {"role": "user", "content": text}], slices)
    return votes_by(parameters_of(kind, given))(prompt)


@pytest.mark.parametrize(
    ("kind", "given", "votes", "abstains"),
    [
        ("regex", {"pattern": r"refund|money back"}, "My MONEY BACK please", "My order?"),
        ("regex", {"pattern": "Ref", "ignores_case": False}, "Refund", "refund"),
        ("regex", {"pattern": "^Hello", "part": "conversation"}, "anything", None),
        ("keywords", {"words": ["Refund", "give  back"]}, "GIVE\nback my money", "refunding"),
        ("keywords", {"words": ["a", "b"], "at_least": 2}, "a, then b", "a and a"),
        ("keywords", {"words": ["c++"]}, "I write C++.", "I write C+."),
        ("length", {"at_least": 3}, "one two three", "one two"),
        ("length", {"unit": "characters", "at_most": 4}, "four", "fives"),
        ("contains_code", {}, "Why?\n```\nx\n```", "Call me (maybe); or not."),
        ("contains_code", {}, "def f(x):\n    return g(x)", "return it to me"),
    ],
)
def test_each_kind_votes_or_abstains(kind, given, votes, abstains):
    assert vote(kind, given, votes)
    if abstains is not None:
        assert not vote(kind, given, abstains)


def test_a_score_is_read_from_a_slice_and_what_is_no_number_abstains():
    given = {"slice": "toxicity", "at_least": 0.8}
    assert vote("score", given, "…", toxicity="0.93")
    assert not vote("score", given, "…", toxicity="0.5")
    assert not vote("score", given, "…", toxicity="high")
    assert not vote("score", given, "…", toxicity="nan")
    assert not vote("score", given, "…")


def test_a_models_scores_are_put_together_as_asked_and_without_any_it_abstains():
    """Of 1, 2 and 6: the highest 6, the lowest 1, the mean 3, apart by 5."""
    model = uuid4()
    for of, number in {"highest": 6, "lowest": 1, "mean": 3, "spread": 5}.items():
        for low, is_vote in ((number, True), (number + 0.1, False)):
            given = {"model": str(model), "of": of, "at_least": low}
            votes = votes_by(parameters_of("model_score", given))
            assert votes(Material([], {}, {model: [1.0, 6.0, 2.0]})) is is_vote
            assert not votes(Material([], {}, {uuid4(): [1.0, 6.0, 2.0]}))
    apart = votes_by(
        parameters_of("model_score", {"model": str(model), "of": "spread", "at_most": 1})
    )
    assert not apart(Material([], {}, {model: [1.0]}))


def test_a_catastrophic_pattern_stops_in_time():
    begun = time.perf_counter()
    with pytest.raises(TimeoutError):
        vote("regex", {"pattern": r"(a|aa)+$"}, "a" * 60 + "b")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("regex", {"pattern": "("}, "pattern"),
        ("regex", {"pattern": "(((a{999}){999}){999}){999}"}, "pattern"),  # terabytes, compiled
        ("regex", {"pattern": "(?:abc){e<=5}"}, "pattern"),
        ("regex", {"pattern": "a" * 301}, "parameters"),
        ("regex", {"pattern": "a", "code": "import os"}, "parameters"),
        ("keywords", {"words": []}, "parameters"),
        ("keywords", {"words": [" "]}, "words"),
        ("keywords", {"words": ["a", "A"], "at_least": 2}, "at_least"),
        ("length", {}, "at_least"),
        ("length", {"at_least": 5, "at_most": 4}, "at_most"),
        ("score", {"slice": "x"}, "at_least"),
        ("model_score", {"model": str(uuid4())}, "at_least"),
        ("model_score", {"model": "gold", "at_least": 1}, "parameters"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_field_is_named(kind, given, field):
    with pytest.raises(UnfitFunction) as refused:
        parameters_of(kind, given)
    assert refused.value.data["field"] == field


def test_counts_in_braces_and_properties_are_patterns():
    assert vote("regex", {"pattern": r"^\p{Lu}\d{2,4}\{$"}, "Ä123{")
