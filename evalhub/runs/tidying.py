"""What leaves a machine's disk: the folders of runs that have ended, once the file store has what they made."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone

from evalhub.common.files import file_store
from evalhub.common.uids import is_uid
from evalhub.jobs.choices import ENDED, JobState
from evalhub.runs.models import Run
from evalhub.runs.trainer import LOG

log = structlog.get_logger(__name__)

KEEP_STORED = timedelta(days=7)  # after the end, to look at or to repeat by hand
KEEP_UNSTORED = timedelta(days=30)  # where nothing came of it; its log may lie here alone
AT_ONCE = 10.0  # seconds of one look: a lease is longer, and the next look goes on


def tidy_runs() -> int:
    """Delete what this machine need not keep of runs; of how many. What goes wrong stands in the log alone,
    as this is done beside work that it may not spoil.

    Never of a run that waits, works or is paused, nor of one that ended well and whose files the store does
    not show, nor of a folder that is no run of this database.
    """
    place = Path(settings.EVALHUB_DATA_DIR) / "runs"
    if not place.is_dir():
        return 0
    folders = {each.name: each for each in place.iterdir() if each.is_dir()}
    old = Run.objects.filter(
        uid__in=filter(is_uid, folders),
        job__state__in=ENDED,
        job__ended_at__lt=timezone.now() - KEEP_STORED,
    )
    gone, until = 0, time.monotonic() + AT_ONCE
    for run in old.select_related("job").order_by("pk"):
        if time.monotonic() > until:
            break
        try:
            gone += _is_needless(run) and _delete(folders[str(run.uid)])
        except (
            Exception
        ):  # whatever the file store or the disk says, the other runs do not wait for it
            log.exception("run.not_tidied", run=str(run.uid))
    return gone


def _is_needless(run: Run) -> bool:
    if _is_stored(run):
        return True
    ended = run.job.ended_at
    is_late = ended is not None and ended < timezone.now() - KEEP_UNSTORED
    return is_late and run.job.state != JobState.SUCCEEDED


def _is_stored(run: Run) -> bool:
    """Whether it ended by itself, and all that it left is in the file store now."""
    return LOG in run.artifacts and all(
        file_store().exists(stored["key"]) for stored in run.artifacts.values()
    )


def _delete(folder: Path) -> bool:
    shutil.rmtree(folder)
    return True
