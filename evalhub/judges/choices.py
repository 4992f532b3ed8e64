from django.db.models import TextChoices

KEEP = "judges.keep"  # the kind of job


class OnConflict(TextChoices):
    """What becomes of a comparison whose two orders were answered differently."""

    TIE = "tie", "a tie"
    LEAVE_OUT = "leave_out", "no judgment"


class Unread(TextChoices):
    """Why a reply is no judgment. Never a value, and never 0."""

    NOT_JSON = "not_json", "was no JSON object, or one with more round it"
    WRONG_KEYS = "wrong_keys", "lacked an answer, gave one twice, or one that nobody asked for"
    OFF_SCALE = "off_scale", "had an answer that is none of those allowed"
    CUT = "cut", "was cut at the limit of length"
    REFUSED = "refused", "was refused by the server"
    TOO_LONG = "too_long", "never came: the task is too long for the model"
