from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class OnConflict(TextChoices):
    """What becomes of a comparison whose two orders were answered differently."""

    TIE = "tie", _("a tie")
    LEAVE_OUT = "leave_out", _("no judgment")


class Unread(TextChoices):
    """Why a reply is no judgment. Never a value, and never 0."""

    NOT_JSON = "not_json", _("was no JSON object, or one with more round it")
    WRONG_KEYS = "wrong_keys", _("lacked an answer, gave one twice, or one that nobody asked for")
    OFF_SCALE = "off_scale", _("had an answer that is none of those allowed")
    CUT = "cut", _("was cut at the limit of length")
    REFUSED = "refused", _("was refused by the server")
    TOO_LONG = "too_long", _("never came: the task is too long for the model")
