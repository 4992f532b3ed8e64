from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def within(estimate: Mapping[str, Any]) -> str:
    """“0.71 (0.62 to 0.80)”; without a value, why there is nothing to show."""
    return _told(estimate, lambda value: f"{value:.2f}")


@register.filter
def share_within(estimate: Mapping[str, Any]) -> str:
    """The same of a share, in per cent: “10 % (5 to 20)”."""
    return _told(estimate, lambda value: f"{100 * value:.0f}", unit=" %")


def _told(estimate: Mapping[str, Any], said: Callable[[float], str], *, unit: str = "") -> str:
    if estimate["value"] is None:
        return "none"
    if estimate["low"] is None:
        return f"{said(estimate['value'])}{unit}"
    low, high = said(estimate["low"]), said(estimate["high"])
    return f"{said(estimate['value'])}{unit} ({low} to {high})"
