from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Source(TextChoices):
    HUMAN = "human"
    SIMULATED = "simulated"
    IMPORTED = "imported"
    MODEL = "model"


class Choice(TextChoices):
    """A preference in terms of what was shown."""

    A = "A"
    B = "B"
    TIE = "tie"
    BOTH_BAD = "both_bad"


class CannotTell(TextChoices):
    """Why there is no value; a client of the API may say it in other words."""

    NOT_ENOUGH_CONTEXT = "not_enough_context", _("not enough is said here")
    NOT_MY_FIELD = "not_my_field", _("I do not know enough about it")
    UNCLEAR = "unclear", _("the question does not fit")
    CANNOT_TELL = "cannot_tell", _("another reason")


IN_WORDS = "in_words"  # a Rating's reason to have no value: its criterion is answered in words


class StepVerdict(TextChoices):
    RIGHT = "right", _("right")
    WRONG = "wrong", _("wrong")
    UNSUPPORTED = "unsupported", _("unsupported")


class Evidence(TextChoices):
    """What the sources say to a passage."""

    SUPPORTED = "supported", _("supported")
    CONTRADICTED = "contradicted", _("contradicted")
    NOT_IN_SOURCE = "not_in_source", _("not in source")


class Preset(TextChoices):
    """Whose keys somebody is used to."""

    EVALHUB = "evalhub", "evalhub"
    ARGILLA = "argilla", "Argilla"
    DOCCANO = "doccano", "doccano"
    PRODIGY = "prodigy", "Prodigy"


class Verdict(TextChoices):
    """What a reviewer finds of a judgment."""

    ACCEPTED = "accepted", _("accepted")
    FIXED = "fixed", _("fixed")
    RETURNED = "returned", _("returned")
