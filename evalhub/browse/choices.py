from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """What the rows are."""

    PROMPTS = "prompts", _("Prompts")
    COMPLETIONS = "completions", _("Completions")
    TASKS = "tasks", _("Tasks")
    JUDGMENTS = "judgments", _("Judgments")


class Mark(TextChoices):
    """What sets a judgment apart from the rest."""

    RETURNED = "returned", _("handed back")
    FIX = "fix", _("a reviewer’s fix")
    VERDICT = "verdict", _("a verdict")
    EXTRA = "extra", _("an extra")
    WITHDRAWN = "withdrawn", _("withdrawn")
    GOLD = "gold", _("measured by gold")
    GOLD_FAILED = "gold_failed", _("failed a gold")
    HASTY = "hasty", _("faster than reading")
    CHANGED = "changed", _("another answer the second time")
    MOVED = "moved", _("moved with the place")
    BY_LOT = "by_lot", _("its task was chosen by lot")


class Openness(TextChoices):
    """Where a task stands, as far as an index knows it."""

    OPEN = "open", _("has open places")
    WAITING = "waiting", _("has open places, reserved ones too")
    RESERVED = "reserved", _("waits for the person it is reserved for")
    FLAGGED = "flagged", _("has an open flag")
    ARCHIVED = "archived", _("is archived")
