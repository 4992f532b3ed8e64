"""`{% load figures %}`: metrics as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from evalhub.evaluation.figures import said

register = template.Library()


@register.simple_tag
def figure(name: str, metric: Mapping[str, Any]) -> str:
    return said(name, metric)


@register.filter
def percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"
