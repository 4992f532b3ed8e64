"""From rows to figures: each from its own columns, and only where a row has them."""

from __future__ import annotations

from typing import Any

import pytest

from evalhub.evaluation.figures import KINDS, in_order, kind_of, said
from evalhub.evaluation.gate import Gate, NotWorse
from evalhub.evaluation.judging import judge
from evalhub.evaluation.measures import ALWAYS, MEASURES, compared, confusion_of, measured

Row = dict[str, Any]


def predictions(count: int, **columns: Any) -> list[Row]:
    """Of as many groups; a column may be a function of the row's number."""
    return [
        {"id": f"r{n}", "group": f"g{n}", "content": "x", "tokens": 4, "finish": "stop"}
        | {name: value(n) if callable(value) else value for name, value in columns.items()}
        for n in range(count)
    ]


def test_every_figure_has_a_name_and_a_direction() -> None:
    assert list(KINDS) == [name for name in MEASURES if name in KINDS]
    assert set(KINDS) == set(MEASURES)


def test_what_no_row_tells_is_left_out_unless_it_was_always_there() -> None:
    assert set(measured({})) == set(ALWAYS)
    assert measured({})["bleu"] == {"value": None, "low": None, "high": None, "n": 0}


def test_means_and_shares_of_answers() -> None:
    """Every second answer refuses; of 3 words 2 differ."""
    found = measured({"predictions": predictions(20, refused=lambda n: n % 2, distinct1=[2, 3])})
    assert found["refusal_rate"]["value"] == 0.5
    assert 0.2 < found["refusal_rate"]["low"] < 0.5 < found["refusal_rate"]["high"] < 0.8
    assert found["distinct1"]["value"] == pytest.approx(2 / 3)
    assert "ter" not in found


def test_a_pattern_that_said_nothing_is_left_out_and_not_zero() -> None:
    rows = predictions(6, pattern_found=lambda n: None if n < 2 else 1.0)
    assert measured({"predictions": rows})["pattern_rate"] | {"low": 0, "high": 0} == {
        "value": 1.0, "n": 4, "low": 0, "high": 0,
    }  # fmt: skip


def test_ter_is_of_sums_and_not_a_mean_of_rows() -> None:
    """3 edits of 12 words are 25, though the rows have 100 and 20."""
    rows = predictions(2, ter=lambda n: [[1.0, 2.0], [2.0, 10.0]][n])
    assert measured({"predictions": rows})["ter"]["value"] == pytest.approx(25)


def labelled(n: int) -> str | None:
    return ["yes", "yes", "no", None][n % 4]


def test_figures_over_labels_and_their_confusion() -> None:
    """Right is yes, yes, no, no; said yes, yes, no and once nothing: no has recall 1/2, precision 1."""
    rows = predictions(
        8, label=lambda n: ["yes", "yes", "no", "no"][n % 4], said_label=labelled, labels=["no", "yes"]
    )  # fmt: skip
    found = measured({"predictions": rows})
    assert found["accuracy"]["value"] == 0.75
    assert found["macro_recall"]["value"] == pytest.approx(0.75)
    assert found["macro_precision"]["value"] == 1
    assert found["macro_f1"]["value"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["macro_f1"]["low"] < found["macro_f1"]["value"] < found["macro_f1"]["high"]
    wanted = {"labels": ["no", "yes"], "counts": [[2, 0, 2], [0, 4, 0]]}
    assert confusion_of({"predictions": rows}) == wanted
    assert confusion_of({"predictions": predictions(2)}) == {}


def test_choices_by_sum_and_by_token_and_labels_by_likelihood() -> None:
    """The right choice has -4 over 4 tokens, the other -3 over 1: less likely, but not for each token."""
    choice = {"right": 0, "logps": [-4.0, -3.0], "tokens": [4, 1]}
    label = {"right": 1, "logps": [-4.0, -3.0], "tokens": [1, 1], "labels": ["no", "yes"]}
    rows = [{"id": f"c{n}", "group": f"c{n}", **each} for n, each in enumerate([choice, label])]
    found = measured({"choices": rows})
    assert (found["choice_accuracy"]["value"], found["choice_accuracy"]["n"]) == (0, 1)
    assert found["choice_accuracy_per_token"]["value"] == 1
    assert found["accuracy_by_likelihood"]["value"] == 1
    assert found["macro_f1_by_likelihood"]["n"] == 1


def test_latency_and_speed() -> None:
    rows = [{"id": f"{n}", "group": f"{n}", "seconds": 0.5, "tokens": 10 * n} for n in (1, 3)]
    found = measured({"timings": rows})
    assert (found["latency"]["value"], found["tokens_per_second"]["value"]) == (0.5, 40)


def test_plug_ins_come_after_ours_and_are_compared() -> None:
    before = {"predictions": predictions(12, plugin_polite=0.0)}
    after = {"predictions": predictions(12, plugin_polite=1.0)}
    found = measured(after)
    assert in_order(found)[-1] == "plugin_polite"
    assert said("plugin_polite", found["plugin_polite"]) == "1.000 (0.758 to 1.000, n = 12)"
    assert kind_of("plugin_polite").better == "neither"
    assert compared(before, after)["plugin_polite"]["difference"] == 1


def test_a_few_rows_that_both_answer_rightly_do_not_show_that_one_is_no_worse() -> None:
    """20 of 20 for both: q = z² / (20 + z²) = 0.161. Five points are 23 times less than 0.230: (20 + z²) 4.6 - z² = 106."""
    tables = {"predictions": predictions(20, exact_match=1.0)}
    metric = compared(tables, tables)["exact_match"]
    assert (metric["difference"], metric["p"]) == (0, 1)
    assert metric["low"] == pytest.approx(-0.161, abs=1e-3)
    gate = Gate(not_worse=(NotWorse("exact_match", than="baseline", margin=0.05),))
    verdict = judge(gate=gate, find=lambda *_: metric, has_incumbent=False)
    assert not verdict.promote
    (told,) = verdict.too_narrow
    assert "shows differences from 23.0 points" in told
    assert "about 106 prompt groups instead of 20" in told


def test_means_over_labels_and_figures_without_bounds_where_no_draw_differs() -> None:
    """Labels are bounded by 0 and 1; the same perplexity on every row is the same model."""
    said = {"label": "yes", "said_label": "yes", "labels": ["no", "yes"]}
    rows = predictions(8, **said)
    assert measured({"predictions": rows})["macro_recall"]["low"] == pytest.approx(0.676, abs=1e-3)
    texts = [{"id": f"{n}", "group": f"{n}", "nll": 6.0, "tokens": 3} for n in range(8)]
    found = compared({"texts": texts}, {"texts": texts})["perplexity"]
    assert (found["low"], found["high"], found["smallest"]) == (0, 0, 0)
