"""`{% load tracking %}`: what a run's page, which stands below this app, says of services elsewhere."""

from __future__ import annotations

from django import template

from evalhub.runs.models import Run
from evalhub.tracking.queries import Standing, standings_of

register = template.Library()


@register.simple_tag
def trackers_told(run: Run) -> list[Standing]:
    return standings_of(run)
