from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

VALUE = "campaign.value"  # the kind of job


class Aim(TextChoices):
    """Which decisions the judgments are for."""

    BOTH = "both", _("which model is better, and which answer is chosen")
    MODELS = "models", _("which model is better")
    DATA = "data", _("which answer is chosen into a dataset")
