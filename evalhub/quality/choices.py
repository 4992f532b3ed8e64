from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Measure(TextChoices):
    """What an alert of a campaign watches."""

    AGREEMENT = "agreement", _("two judgments of a task are less alike than")
    FLAGS = "flags", _("flags per 100 judgments are more than")
    PACE = "pace", _("judgments of the last 24 hours are fewer than")
