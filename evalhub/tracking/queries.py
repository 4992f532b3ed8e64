from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalhub.accounts.models import Workspace
from evalhub.runs.models import Run
from evalhub.tracking.choices import Service
from evalhub.tracking.models import Track, Tracker


@dataclass(frozen=True)
class Standing:
    """How far a tracker of the workspace knows a run; `track` is None where it was told nothing."""

    tracker: Tracker
    track: Track | None

    @property
    def is_complete(self) -> bool:
        track = self.track
        return track is not None and track.has_end and track.place == self.tracker.place

    def as_json(self) -> dict[str, Any]:
        track = self.track
        return {
            "to": self.tracker.service,
            "is_on": self.tracker.is_on,
            "is_complete": self.is_complete,
            "sent_to": track.sent_to if track else None,
            "seen_at": track.seen_at if track else "",
            "error": track.error if track else "",
            "told_at": track.told_at.isoformat() if track and track.told_at else None,
        }


def standings_of(run: Run) -> list[Standing]:
    """One for each tracker that is on, or was told something."""
    tracks = {track.tracker_id: track for track in run.tracks.select_related("tracker")}
    trackers = Tracker.objects.filter(workspace=run.workspace_id).order_by("service")
    return [
        Standing(each, tracks.get(each.pk)) for each in trackers if each.is_on or each.pk in tracks
    ]


def trackers_of(workspace: Workspace) -> list[tuple[Service, Tracker | None]]:
    """Every service that we know, with what the workspace has set."""
    found = {each.service: each for each in Tracker.objects.filter(workspace=workspace)}
    return [(service, found.get(service)) for service in Service]
