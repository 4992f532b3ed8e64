"""A gate held against figures: what is met, what is not, and what the set cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.gate import Gate, MustBeat, NotWorse, TrialTerms, as_json, read_gate
from evalhub.evaluation.judging import Condition, Verdict, judge, words_of


def figures(
    *, gain: float = 0.12, low: float | None = 0.04, high: float = 0.20, groups: int = 40,
    before: float = 3.0, after: float = 3.0, smallest: float = 0.11,
) -> dict[str, Any]:  # fmt: skip
    return {
        "preference_accuracy": {
            "baseline": 0.6, "candidate": 0.6 + gain, "difference": gain, "low": low,
            "high": high, "n": 80, "groups": groups, "smallest": smallest,
        },
        "perplexity": {
            "baseline": before, "candidate": after, "difference": after - before,
            "low": after - before - 0.1, "high": after - before + 0.1, "n": 40, "groups": 40,
            "smallest": 0.14,
        },
    }  # fmt: skip


def held(gate: Gate | None = None, *, baseline: dict[str, Any], incumbent: dict[str, Any] | None = None) -> Verdict:  # fmt: skip
    beside = {"baseline": baseline, "incumbent": incumbent or {}}

    def find(condition: Condition, than: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = beside[than].get(condition.metric)
        return found

    return judge(gate=gate or Gate(), find=find, has_incumbent=incumbent is not None)


def test_a_certain_gain_at_a_small_price_is_promoted() -> None:
    verdict = held(baseline=figures(after=3.1))
    assert verdict.promote
    assert verdict.reason == (
        "Promoted: preference accuracy is 72.0 % beside the baseline’s 60.0 % (+12.0 points, 95 % "
        "interval +4.0 to +20.0 points, n = 80); perplexity is 3.10 beside the baseline’s 3.00 "
        "(+0.10 or 3.3 %, 95 % interval +0.00 to +0.20, n = 40)."
    )


def test_a_gain_that_may_be_chance_is_refused_with_its_interval() -> None:
    verdict = held(baseline=figures(low=-0.01))
    assert not verdict.promote
    assert "-1.0 to +20.0 points, n = 80), which does not lie above 0" in verdict.reason


def test_more_than_five_percent_perplexity_is_too_dear() -> None:
    assert held(baseline=figures(after=3.15)).promote
    verdict = held(baseline=figures(after=3.16))
    assert not verdict.promote
    assert "or 5.3 %" in verdict.reason
    assert "(at most 5 % worse is allowed)" in verdict.reason


def test_the_incumbents_perplexity_counts_as_well() -> None:
    verdict = held(baseline=figures(), incumbent=figures(before=2.0, after=3.0))
    assert not verdict.promote
    assert "beside the incumbent’s 2.00 (+1.00 or 50.0 %" in verdict.reason


def test_who_is_surely_worse_than_the_incumbent_does_not_replace_it() -> None:
    worse = figures(gain=-0.2, low=-0.3, high=-0.1)
    assert not held(baseline=figures(), incumbent=worse).promote
    doubtful = figures(gain=-0.1, low=-0.3, high=0.0)
    assert held(baseline=figures(), incumbent=doubtful).promote


def test_without_pairs_a_gain_cannot_be_shown() -> None:
    verdict = held(baseline={"perplexity": figures()["perplexity"]})
    assert not verdict.promote
    assert "preference accuracy was not measured beside the baseline’s" in verdict.reason


def test_a_handful_of_groups_tells_nothing() -> None:
    verdict = held(baseline=figures(groups=4))
    assert not verdict.promote
    assert "only 4 prompt groups" in verdict.reason


def test_an_unknown_price_is_not_taken_for_none() -> None:
    verdict = held(baseline={"preference_accuracy": figures()["preference_accuracy"]})
    assert not verdict.promote
    assert "its loss is not known" in verdict.reason


def test_every_fault_is_named() -> None:
    verdict = held(baseline=figures(low=-0.1, after=9.0))
    assert verdict.reason.count(";") == 1
    assert [each.met for each in verdict.outcomes] == [False, False]


def test_less_is_better_of_some_figures() -> None:
    """Perplexity falls from 3.0 to 2.5, interval -0.6 to -0.4: a gain of 0.4 to 0.6."""
    gate = Gate(must_beat=(MustBeat("perplexity", margin=0.3),), not_worse=())
    assert held(gate, baseline=figures(after=2.5)).promote
    more = Gate(must_beat=(MustBeat("perplexity", margin=0.4),), not_worse=())
    assert not held(more, baseline=figures(after=2.5)).promote


def test_where_nothing_is_in_service_the_base_is_what_must_be_beaten() -> None:
    gate = Gate(must_beat=(MustBeat("preference_accuracy", than="incumbent"),), not_worse=())
    assert held(gate, baseline=figures()).promote


def test_non_inferiority_asks_the_whole_interval() -> None:
    gate = Gate(not_worse=(NotWorse("preference_accuracy", than="baseline", margin=0.15),))
    sure, doubtful = figures(gain=0.05, low=0.01), figures(gain=0.05, low=-0.16)
    assert held(gate, baseline=sure).promote
    refused = held(gate, baseline=doubtful)
    assert not refused.promote
    assert "(at most 15.0 points worse is allowed)" in refused.reason


def test_no_loss_over_a_handful_of_groups_tells_nothing_either() -> None:
    gate = Gate(not_worse=(NotWorse("preference_accuracy", than="baseline", margin=0.15),))
    few = held(
        Gate(must_beat=(), not_worse=gate.not_worse, trial=TrialTerms()), baseline=figures(groups=4)
    )
    assert not few.promote
    assert (
        "measured on only 4 prompt groups (at least 5 are needed to tell no loss from chance)"
        in few.reason
    )


@pytest.mark.parametrize(
    "gate",
    [
        Gate(must_beat=(MustBeat("preference_accuracy", margin=0.055),)),
        Gate(not_worse=(NotWorse("preference_accuracy", than="baseline", margin=0.055),)),
    ],
)
def test_a_gate_narrower_than_the_set_is_told_with_the_remedy(gate: Gate) -> None:
    """Half the smallest difference asks for four times as many groups."""
    (told,) = held(gate, baseline=figures()).too_narrow
    assert "this set shows differences from 11.0 points (80 % power)" in told
    assert "a margin of at least 11.0 points, or about 160 prompt groups instead of 40" in told


def test_any_certain_gain_is_never_too_narrow() -> None:
    assert held(baseline=figures(smallest=0.5)).too_narrow == []


def test_what_is_stored_reads_back() -> None:
    gate = Gate(trial=TrialTerms(prompts=60, margin=0.25))
    assert read_gate(as_json(gate)) == gate


@pytest.mark.parametrize(
    "values, sentence",
    [
        (
            {"must_beat": [{"metric": "charm"}]},
            "must_beat[0].metric is “charm”, but must be one of",
        ),
        ({"must_beat": [{"metric": "length"}]}, "of which neither more nor less is better"),
        ({"must_beat": []}, "must_beat is empty and there is no trial"),
        ({"not_worse": [{"metric": "loss", "margin": -1}]}, "not_worse[0].margin is -1.0"),
        ({"not_worse": [{"metric": "loss", "margin": float("nan")}]}, "not_worse[0].margin is nan"),
        ({"must_beat": [{"metric": "loss", "margin": float("inf")}]}, "must_beat[0].margin is inf"),
        ({"not_worse": [{"metric": "loss", "slice": "de"}]}, "must read like “language=de”"),
        ({"not_worse": [{"metric": "loss", "confidence": 1}]}, "must be from 0.5 to below 1"),
        ({"trial": {"prompts": 3}}, "trial.prompts is 3, but must be 10 or more"),
        ({"trial": {"alpha": 0}}, "trial.alpha is 0.0"),
        ({"vetoes": [{"criterion": "safety", "least": 3}]}, "and trial is null"),
        ({"most_perplexity_ratio": 1.1}, "unknown field `most_perplexity_ratio`"),
    ],
)
def test_a_gate_that_means_nothing_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadGate) as refused:
        read_gate(values)
    assert sentence in str(refused.value)


def test_conditions_read_as_sentences() -> None:
    assert [words_of(each) for each in (*Gate().must_beat, *Gate().not_worse)] == [
        "preference accuracy is better than the baseline’s, 95 % sure",
        "preference accuracy is not worse than the incumbent’s: refused only where 95 % sure that it is",
        "perplexity is not worse than the baseline’s and the incumbent’s by more than 5 %, by the figure itself",
    ]
