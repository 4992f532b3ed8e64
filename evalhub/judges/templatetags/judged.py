from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def within(estimate: Mapping[str, Any]) -> str:
    """“0.71 (0.62 to 0.80)”; without a value, why there is nothing to show."""
    return _told(estimate, lambda value: f"{value:.2f}")


@register.filter
def share_within(estimate: Mapping[str, Any]) -> str:
    """The same of a share, in per cent."""
    return _told(estimate, lambda value: f"{100 * value:.0f} %")


def _told(estimate: Mapping[str, Any], said: Any) -> str:  # Any: a number in, its words out
    if estimate["value"] is None:
        return _("none")
    if estimate["low"] is None:
        return str(said(estimate["value"]))
    ends = {"low": said(estimate["low"]), "high": said(estimate["high"])}
    return f"{said(estimate['value'])} ({_('%(low)s to %(high)s') % ends})"
