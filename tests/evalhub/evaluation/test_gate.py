from __future__ import annotations

from typing import Any

from evalhub.evaluation.gate import Gate, judge

GATE = Gate()


def figures(
    *, gain: float = 0.12, low: float | None = 0.04, high: float = 0.20, groups: int = 40,
    before: float = 3.0, after: float = 3.0,
) -> dict[str, Any]:  # fmt: skip
    return {
        "preference_accuracy": {
            "baseline": 0.6, "candidate": 0.6 + gain, "difference": gain, "low": low,
            "high": high, "n": 80, "groups": groups,
        },
        "perplexity": {"baseline": before, "candidate": after},
    }  # fmt: skip


def test_a_certain_gain_at_a_small_price_is_promoted() -> None:
    verdict = judge(baseline=figures(after=3.1), incumbent=None, gate=GATE)
    assert verdict.promote
    assert verdict.reason == (
        "Promoted: preference accuracy went from 60 to 72 % on 80 pairs (+12 points, 95 % interval "
        "+4 to +20); perplexity is 3.10 beside the baseline's 3.00 (3.3 % worse)."
    )


def test_a_gain_that_may_be_chance_is_refused_with_its_interval() -> None:
    verdict = judge(baseline=figures(low=-0.01), incumbent=None, gate=GATE)
    assert not verdict.promote
    assert "-1 to +20), which does not lie above 0" in verdict.reason


def test_more_than_five_percent_perplexity_is_too_dear() -> None:
    assert judge(baseline=figures(after=3.15), incumbent=None, gate=GATE).promote
    verdict = judge(baseline=figures(after=3.16), incumbent=None, gate=GATE)
    assert not verdict.promote
    assert "5.3 % worse) (at most 5 % worse is allowed)" in verdict.reason


def test_the_incumbents_perplexity_counts_as_well() -> None:
    verdict = judge(baseline=figures(), incumbent=figures(before=2.0, after=3.0), gate=GATE)
    assert not verdict.promote
    assert "the incumbent's 2.00 (50.0 % worse)" in verdict.reason


def test_who_is_surely_worse_than_the_incumbent_does_not_replace_it() -> None:
    worse = figures(gain=-0.2, low=-0.3, high=-0.1)
    verdict = judge(baseline=figures(), incumbent=worse, gate=GATE)
    assert not verdict.promote
    assert "against the incumbent" in verdict.reason


def test_without_pairs_a_gain_cannot_be_shown() -> None:
    verdict = judge(
        baseline={"perplexity": {"baseline": 3.0, "candidate": 3.0}}, incumbent=None, gate=GATE
    )
    assert not verdict.promote
    assert "no judged pairs in the test split" in verdict.reason


def test_a_handful_of_groups_tells_nothing() -> None:
    verdict = judge(baseline=figures(groups=4), incumbent=None, gate=GATE)
    assert not verdict.promote
    assert "only 4 prompt groups" in verdict.reason


def test_an_unknown_price_is_not_taken_for_none() -> None:
    shown = {"preference_accuracy": figures()["preference_accuracy"]}
    verdict = judge(baseline=shown, incumbent=None, gate=GATE)
    assert not verdict.promote
    assert "price is not known" in verdict.reason


def test_every_fault_is_named() -> None:
    verdict = judge(baseline=figures(low=-0.1, after=9.0), incumbent=None, gate=GATE)
    assert verdict.reason.count(";") == 1
