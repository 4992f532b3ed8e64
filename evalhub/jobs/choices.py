from django.db.models import TextChoices


class JobState(TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Queue(TextChoices):
    DEFAULT = "default"
    GPU = "gpu"


def queue_with(queue: str, label: str) -> str:
    """What Celery and workers call the queue of jobs with that label."""
    return f"{queue}.{label}" if label else str(queue)
