from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

ANSWER, SUM_UP = "followups.answer", "followups.sum_up"  # kinds of job


class FollowUpState(TextChoices):
    ANSWERING = "answering"  # the model writes
    OPEN = "open"  # people judge
    COUNTING = "counting"
    DONE = "done"
    FAILED = "failed"


class Learnt(TextChoices):
    """What the model was trained on, of a complaint."""

    TAUGHT = "taught", "trained on this very judgment"
    MET = "met", "trained on the prompt, by other judgments"
    NEW = "new", "trained on neither"


class Finding(TextChoices):
    """What others find of the new answer, without knowing which it is."""

    RESOLVED = "resolved", _("resolved")
    BETTER = "better", _("better, and still not right")
    SAME = "same", _("as before")
    WORSE = "worse", _("worse")
