from django.db.models import TextChoices


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
