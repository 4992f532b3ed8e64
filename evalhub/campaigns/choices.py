from django.db.models import TextChoices


class TaskType(TextChoices):
    RATING = "rating"  # one completion
    COMPARISON = "comparison"  # two
    RANKING = "ranking"  # three or more
    LABEL = "label"  # a prompt alone
    DEMONSTRATION = "demonstration"  # write the answer


class TaskKind(TextChoices):
    NORMAL = "normal"
    GOLD = "gold"
    QUALIFICATION = "qualification"
    REPEAT = "repeat"
    TRIAL = "trial"


class CampaignState(TextChoices):
    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Origin(TextChoices):
    PEOPLE = "people"
    IMPORTED = "imported"
    ROUND = "round"


class AssignmentState(TextChoices):
    HELD = "held"
    SUBMITTED = "submitted"
    RELEASED = "released"  # handed back: the same person may get it again
    SKIPPED = "skipped"  # not for this person
    EXPIRED = "expired"


COMPLETIONS_PER_TASK = {  # least and most
    TaskType.RATING: (1, 1),
    TaskType.COMPARISON: (2, 2),
    TaskType.RANKING: (3, 8),
    TaskType.LABEL: (0, 0),
    TaskType.DEMONSTRATION: (0, 0),
}
