from __future__ import annotations

import os
from typing import Any

from django.utils import timezone

from evalhub.common.errors import DomainError
from evalhub.jobs.beat import Beat
from evalhub.jobs.errors import JobReturned
from evalhub.jobs.models import Job
from evalhub.tracking.errors import TrackingFailed
from evalhub.tracking.facts import letter_of
from evalhub.tracking.models import Track, Tracker
from evalhub.tracking.places import allowed_address, goes_out
from evalhub.tracking.sending import send


def send_track(job: Job, beat: Beat) -> dict[str, Any]:
    """Send what the service does not have yet; whatever is wrong is written on the track.

    The run itself is only read. The address must still be allowed: the operator may have changed
    their mind.
    """
    tracks = Track.objects.select_related("run__job", "run__workspace", "run__model", "tracker")
    track = tracks.get(uid=str(job.subject_uid))
    earlier = Job.objects.running().filter(kind=job.kind, subject_uid=track.uid, pk__lt=job.pk)
    if earlier.exists():
        raise JobReturned  # one at a time: it goes on from what the other has sent
    _begin_anew_elsewhere(track, beat)
    try:
        key = _key(track.tracker)
        letter = letter_of(track)
        send(letter, key=key, told=lambda said: _keep(track, said, beat), beat=beat.report)
    except DomainError as error:
        why = str(error).rstrip(".")
        told = f"{track.tracker} does not have everything of this run: {why}. {_remedy(track)}"
        _note(track, told, beat)
        raise TrackingFailed(told) from error
    _note(track, "", beat)
    return {"track": str(track.uid), "points": len(letter.points)}


def _begin_anew_elsewhere(track: Track, beat: Beat) -> None:
    """What was sent to another place is not there."""
    if track.place != track.tracker.place:
        track.place, track.sent_to, track.has_end, track.seen_at = track.tracker.place, None, False, ""  # fmt: skip
        with beat.fenced():
            track.save(update_fields=["place", "sent_to", "has_end", "seen_at"])


def _remedy(track: Track) -> str:
    said = "Nothing is lost: set it right, then send what is missing."
    if not track.tracker.needs.module:
        return said
    return f'{said} Its client comes with pip install -c constraints.txt -e ".[{track.tracker.service}]".'


def _key(tracker: Tracker) -> str:
    """Read now, kept nowhere."""
    if goes_out(tracker.service, is_offline=tracker.is_offline):
        allowed_address(tracker.address)
    if tracker.is_offline or not tracker.key_variable:
        return ""
    key = os.environ.get(tracker.key_variable, "")
    if not key:
        raise TrackingFailed(f"the worker's environment has no {tracker.key_variable}")
    return key


def _keep(track: Track, said: dict[str, Any], beat: Beat) -> None:
    """As the service took it, so that a second sending goes on from there."""
    known = {name: said[name] for name in ("seen_at", "sent_to", "has_end") if name in said}
    for name, value in known.items():
        setattr(track, name, value[:500] if isinstance(value, str) else value)
    with beat.fenced():
        track.save(update_fields=list(known))


def _note(track: Track, error: str, beat: Beat) -> None:
    track.error, track.told_at = error, timezone.now()
    with beat.fenced():
        track.save(update_fields=["error", "told_at"])
