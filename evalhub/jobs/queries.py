from __future__ import annotations

from evalhub.jobs.choices import JobState, Queue
from evalhub.jobs.models import Job
from evalhub.jobs.workers import live_workers

__all__ = ["live_workers", "waits_for"]


def waits_for(job: Job) -> str:
    """What a queued job of the one-slot queue stands behind: "behind “DPO”, about 40 s left".

    Empty where nothing is in its way. What another workspace does is not told by name.
    """
    if job.state != JobState.QUEUED or job.queue != Queue.GPU or job.is_paused:
        return ""
    same = Job.objects.filter(queue=job.queue, label=job.label)
    busy = list(same.running().order_by("pk"))
    workers = live_workers(job.asked_of, of=job.workspace)
    if not workers and job.label:
        return f"no worker that offers {job.label} is running"
    if not workers:
        return "no worker with a device is running; an operator starts one with manage.py up"
    if len(busy) < workers:
        return ""
    first = busy[0]
    ours = first.workspace_id == job.workspace_id
    told = f"behind “{first.title}”" if ours else "behind a job of another workspace"
    if ours and first.note.endswith(" left"):
        told += f", {first.note}"
    ahead = same.waiting().filter(pk__lt=job.pk).count()
    return f"{told}, and {ahead} more" if ahead else told
