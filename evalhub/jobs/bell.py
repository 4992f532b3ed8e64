from __future__ import annotations

from evalhub.common.bell import ring_task
from evalhub.jobs.models import Job


def ring(job: Job) -> None:
    """Tell the workers of the job's queue that it waits."""
    ring_task("evalhub.jobs.tasks.execute", str(job.uid), queue=job.asked_of)


def ring_news(pk: int) -> None:
    """Tell a worker of the default queue that there is news."""
    ring_task("evalhub.jobs.tasks.deliver", pk)
