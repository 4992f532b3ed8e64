from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    MANAGER = "manager"  # of the people in some groups, and of nobody else: Member.manages
    LEAD = "lead"
    ENGINEER = "engineer"
    OWNER = "owner"


ROLE_NAMES: dict[str, Any] = {  # `Any`: lazy translations
    Role.ANNOTATOR: _("annotator"),
    Role.REVIEWER: _("reviewer"),
    Role.MANAGER: _("manager"),
    Role.LEAD: _("lead"),
    Role.ENGINEER: _("engineer"),
    Role.OWNER: _("owner"),
}


class MemberKind(TextChoices):
    PERSON = "person", _("Person")
    MODEL = "model", _("Model")  # a judge model
    IMPORTED = "imported", _("Imported")  # somebody named in a file; cannot sign in
    WORKER = "worker", _("Worker")  # a machine that trains elsewhere; its token opens nothing else
    SIMULATED = "simulated", _("Simulated")  # made by the demo; cannot sign in


class MailWish(TextChoices):
    """What somebody wants by e-mail, beside the page of notifications."""

    NONE = "none", _("nothing")
    ALERTS = "alerts", _("alerts at once")
    DAILY = "daily", _("one e-mail a day with everything")
