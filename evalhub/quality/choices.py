from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Measure(TextChoices):
    """What an alert of a campaign watches."""

    AGREEMENT = "agreement", _("two judgments of a task are less alike than")
    FLAGS = "flags", _("flags per 100 judgments are more than")
    PACE = "pace", _("judgments of the last 24 hours are fewer than")


class Cause(TextChoices):
    """Why people disagreed about a task."""

    SLIP = "slip", _("a slip: somebody misread or misclicked")
    GUIDELINES = "guidelines", _("the guidelines can be read in two ways")
    KNOWLEDGE = "knowledge", _("it takes knowledge that not everybody has")
    TASTE = "taste", _("a matter of taste: both can be defended")
    CLOSE = "close", _("too close to call")
    MATERIAL = "material", _("something is wrong with the prompt or a response")


class Counts(TextChoices):
    """Which judgments a figure is made of."""

    SAID = "said", _("in reports: what people said last, without exams and who is left out")
    UNPROMPTED = "unprompted", _("in agreement: the same, unless a proposal was confirmed")
    OWN = "own", _("in consistency: everybody’s own last word")
    PLACES = "places", _("in progress: what fills a place of a task")


class Preferred(TextChoices):
    """Which of two was preferred, by what may have swayed somebody."""

    LONGER = "longer", _("the longer one")
    SHORTER = "shorter", _("the shorter one")
    FIRST = "first", _("the one that stood first")
    SECOND = "second", _("the one that stood second")


class Answer(TextChoices):
    """To a question that was asked."""

    GIVEN = "given", _("has a value")
    CANNOT_TELL = "cannot_tell", _("could not tell")
