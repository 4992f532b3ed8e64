"""What leaves a machine's disk: the folders of runs that have ended, once the file store has what they made."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from evalhub.common.files import file_store
from evalhub.common.uids import is_uid
from evalhub.jobs.choices import ENDED
from evalhub.runs.models import Run

KEEP_STORED = timedelta(days=7)  # after the end, to look at or to repeat by hand
KEEP_UNSTORED = timedelta(
    days=30
)  # of a run that failed or was cancelled the log may lie here alone


def tidy_runs() -> int:
    """Delete what this machine need not keep of runs; of how many.

    Never of a run that waits, works or is paused, nor of a folder that is no run of this database.
    """
    place = Path(settings.EVALHUB_DATA_DIR) / "runs"
    if not place.is_dir():
        return 0
    folders = {each.name: each for each in place.iterdir() if each.is_dir()}
    now = timezone.now()
    old = Run.objects.filter(
        uid__in=filter(is_uid, folders),
        job__state__in=ENDED,
        job__ended_at__lt=now - KEEP_STORED,
    )
    gone = 0
    for run in old.select_related("job").order_by("pk"):
        ended = run.job.ended_at
        if _is_stored(run) or (ended is not None and ended < now - KEEP_UNSTORED):
            shutil.rmtree(folders[str(run.uid)], ignore_errors=True)
            gone += 1
    return gone


def _is_stored(run: Run) -> bool:
    """Whether it ended by itself, and all that it left is in the file store now."""
    return bool(run.artifacts) and all(
        file_store().exists(stored["key"]) for stored in run.artifacts.values()
    )
