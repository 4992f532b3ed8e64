from __future__ import annotations

from evalhub.common.bell import AFTER_ALL_ELSE, ring_task
from evalhub.jobs.models import Job


def ring(job: Job) -> None:
    """Tell the workers of the job's queue that it waits."""
    ring_task("evalhub.jobs.tasks.execute", str(job.uid), queue=job.asked_of)


def ring_news(pk: int) -> None:
    """Tell a worker of the default queue that there is news: what somebody waits for goes first, else a
    job stands behind each of a thousand judgments that came before it.
    """
    ring_task("evalhub.jobs.tasks.deliver", pk, priority=AFTER_ALL_ELSE)
