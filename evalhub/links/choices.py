from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Platform(TextChoices):
    """Where people are found who come by a join link."""

    PROLIFIC = "prolific", "Prolific"
    MTURK = "mturk", "Mechanical Turk"
    OTHER = "other", _("another one")


class Parameters(NamedTuple):
    """What a platform calls the parts of its address."""

    person: str
    study: str
    session: str


PARAMETERS = {
    Platform.PROLIFIC: Parameters("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
    Platform.MTURK: Parameters("workerId", "hitId", "assignmentId"),
    Platform.OTHER: Parameters("id", "study", "session"),
}
ONLY_LOOKING = "ASSIGNMENT_ID_NOT_AVAILABLE"  # what Mechanical Turk sends before a worker accepts
BACK_TO_PROLIFIC = "https://app.prolific.com/submissions/complete"
