"""What leaves the house of a run: figures, settings, digests and tags. No text of a prompt, an answer
or a person.
"""

from __future__ import annotations

import math
import re
from typing import Any

from django.conf import settings
from django.urls import reverse

from evalhub.runs.models import Run
from evalhub.runs.queries import settings_of
from evalhub.tracking.exporters.letter import Letter, Point
from evalhub.tracking.models import Track
from evalhub.tracking.places import folder_of

_WRITTEN = {"allow_dropped", "fail"}  # options that a person answers in words
_WORD = re.compile(r"[\w.,:/+-]{1,80}", re.ASCII)


def letter_of(track: Track) -> Letter:
    """All that the service does not have yet."""
    run, tracker = track.run, track.tracker
    job = run.job
    return Letter(
        service=tracker.service,
        project=tracker.project,
        address="" if tracker.is_offline else tracker.address,
        folder=str(folder_of(tracker.service, run.workspace.slug)),
        is_offline=tracker.is_offline,
        uid=str(run.uid),
        name=str(run),
        recipe=run.recipe,
        settings=_settings(run),
        digests=_digests(run),
        tags=list(run.tags),
        link=_link(run),
        began_at=(job.started_at or run.created_at).timestamp(),
        state=job.state,
        ended_at=job.ended_at.timestamp() if job.ended_at else None,
        final=_numbers(run.metrics),
        after=track.sent_to,
        points=points_of(run, after=track.sent_to),
    )


def points_of(run: Run, *, after: int | None) -> list[Point]:
    """By step; a repeated one counts as the last attempt did it.

    While the run goes on the last step waits: more may be measured at it.
    """
    found: dict[int, Point] = {}
    events = run.events.filter(kind="metrics").order_by("attempt", "n")
    for at, body in events.values_list("at", "body").iterator():
        step = int(body.get("step", 0))
        if after is None or step > after:
            point = found.setdefault(step, Point(step, 0.0, {}))
            point.at = at.timestamp()
            point.values |= _numbers(body)
    points = [found[step] for step in sorted(found) if found[step].values]
    return points if run.job.is_ended else points[:-1]


def _settings(run: Run) -> dict[str, Any]:  # Any: JSON
    return {each.name: each.value for each in settings_of(run) if _is_plain(each.name, each.value)}


def has_figures(run: Run) -> bool:
    return bool(run.metrics) or run.events.filter(kind="metrics").exists()


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    """Those that are finite, but for the step itself. What is missing is left out, never 0."""
    return {
        name: float(value)
        for name, value in values.items()
        if name != "step"
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    }


def _is_plain(name: str, value: object) -> bool:
    """A number, a switch, or a word of the recipe's own."""
    if name in _WRITTEN:
        return False
    if isinstance(value, list):
        return all(_is_plain(name, each) for each in value)
    if isinstance(value, str):
        return _WORD.fullmatch(value) is not None
    return value is None or isinstance(value, bool | int | float)


def _digests(run: Run) -> dict[str, str]:
    digests = {name: str(file["sha256"]) for name, file in run.spec.get("inputs", {}).items()}
    for nth, build in enumerate(run.builds.order_by("pk"), start=1):
        digests[f"build-{nth}"] = build.digest
    if run.model is not None:
        digests["model"] = run.model.digest
    return {name: digest for name, digest in sorted(digests.items()) if digest}


def _link(run: Run) -> str:
    if not settings.EVALHUB_PUBLIC_URL:
        return ""
    path = reverse("runs:detail", args=[run.workspace.slug, run.uid])
    return f"{settings.EVALHUB_PUBLIC_URL.rstrip('/')}{path}"
