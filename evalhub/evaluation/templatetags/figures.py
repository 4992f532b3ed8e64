"""`{% load figures %}`: metrics as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from evalhub.common.percent import whole_percent
from evalhub.evaluation.figures import is_figure, kind_of, said, written

register = template.Library()


@register.simple_tag
def figure(name: str, metric: Mapping[str, Any]) -> str:
    return said(name, metric)


@register.simple_tag
def smallest(outcome: Mapping[str, Any]) -> str:
    """Of a condition: the smallest difference that the set can show, in its metric's unit."""
    if not is_figure(outcome["metric"]) or outcome["smallest"] is None:
        return "–"
    return written(outcome["metric"], outcome["smallest"], sign=True).lstrip("+")


@register.simple_tag
def metric_label(name: str) -> str:
    return kind_of(name).label


@register.filter
def percent(value: float | None) -> str:
    return "–" if value is None else f"{whole_percent(value)} %"


@register.filter
def percent_fine(value: float) -> str:
    return f"{value * 100:.1f} %"
