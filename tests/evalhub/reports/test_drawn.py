"""Charts of the report that is a file of its own."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string

from evalhub.reports.templatetags.charts import (
    adjusted_chart,
    agreement_chart,
    over_time,
    place_chart,
)
from evalhub.reports.templatetags.drawn import drawn, ticks

SVG = "{http://www.w3.org/2000/svg}"


def person(name: str, value: float | None) -> dict[str, object]:
    told = None if value is None else {"value": value, "low": value - 0.1, "high": value + 0.1}
    return {"annotator": name, "agreement": told, "position": told}


def parsed(chart: dict[str, object]) -> ElementTree.Element:
    return ElementTree.fromstring(str(drawn(chart)))


def test_ticks_are_round_and_hold_the_ends() -> None:
    assert ticks(0.42, 0.61) == [0.4, 0.45, 0.5, 0.55, 0.6, 0.65]
    assert ticks(-1.3, 2.2) == [-2, -1, 0, 1, 2, 3]
    assert ticks(3, 3) == [3, 3.2]  # two of them, so that there is a scale


def test_one_interval_a_line_with_its_ends_in_order_and_its_name_escaped() -> None:
    rows = [{"model": "<b>", "raw": v, "adjusted": v} for v in ({"value": 1, "low": 0, "high": 2},)]
    svg = parsed(adjusted_chart(rows))
    lines = [each for each in svg.iter("line") if each.get("class") == "line"]
    dots = list(svg.iter("circle"))
    assert len(lines) == len(dots) == 2
    for line, dot in zip(lines, dots, strict=True):
        assert float(line.get("x1")) < float(dot.get("cx")) < float(line.get("x2"))
    assert "<b>" in [each.text for each in svg.iter("text")]
    assert len([each for each in svg.iter("line") if each.get("class") == "zero"]) == 1


def test_a_line_over_time_for_each_model() -> None:
    rows = [
        {"model": model, "split": week, "value": value, "low": value - 0.1, "high": None}
        for model, week, value in (
            ("one", "2026-W01", 0.4), ("one", "2026-W02", 0.6), (None, "2026-W01", 0.5),
        )
    ]  # fmt: skip
    svg = parsed(over_time(rows))
    first = next(svg.iter("polyline"))
    (left, low), (right, high) = (
        tuple(map(float, each.split(","))) for each in first.get("points").split()
    )
    assert left < right
    assert low > high  # y goes down, and .6 is more than .4
    assert {"one", "2026-W01", "2026-W02"} <= {each.text for each in svg.iter("text")}


def test_of_people_those_of_note_come_first() -> None:
    people = [person("auk", 0.9), person("bee", 0.1), person("cod", None), person("dab", 0.45)]
    assert [row["label"] for row in agreement_chart(people)["rows"]] == ["bee", "dab", "auk"]
    assert [row["label"] for row in place_chart(people)["rows"]][-1] == "dab"
    assert agreement_chart(people[:1]) is None


@pytest.mark.parametrize("paper", [True, False])
def test_on_paper_it_is_drawn_and_on_the_page_it_is_left_to_the_script(*, paper: bool) -> None:
    chart = agreement_chart([person("auk", 0.9), person("bee", 0.1)])
    context = {"chart": chart, "name": "overall", "is_paper": paper, "user": AnonymousUser()}
    text = render_to_string("reports/_chart.html", context)
    assert ("<svg" in text, "<script" in text) == (paper, not paper)
