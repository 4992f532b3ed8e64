from django.db.models import TextChoices


class RoundState(TextChoices):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # a step failed; resumed from there
    CANCELLED = "cancelled"


class StepState(TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepKind(TextChoices):
    """In the order in which a Round goes through them."""

    DATASET = "dataset"
    BASELINE = "baseline"
    TRAIN = "train"
    EVALUATE = "evaluate"
    DECIDE = "decide"
    GENERATE = "generate"
    CAMPAIGN = "campaign"
