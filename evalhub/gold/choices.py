from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DrawKind(TextChoices):
    GOLD = "gold"
    REPEAT = "repeat"  # a task that they judged, once more


class AppealState(TextChoices):
    WAITING = "waiting", _("waiting")
    UPHELD = "upheld", _("upheld")
    REFUSED = "refused", _("refused")


class AttemptState(TextChoices):
    UNDER_WAY = "under_way", _("under way")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("failed")
