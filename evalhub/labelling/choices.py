from django.db.models import TextChoices


class FunctionKind(TextChoices):
    REGEX = "regex", "a pattern"
    KEYWORDS = "keywords", "words"
    LENGTH = "length", "the length"
    CODE = "contains_code", "code in it"
    SCORE = "score", "a score in a slice"
    MODEL_SCORE = "model_score", "a model’s score"


class Part(TextChoices):
    """What of a prompt is read."""

    LAST_TURN = "last_turn", "the last turn"
    CONVERSATION = "conversation", "the whole conversation"


class Of(TextChoices):
    """Which number is made of the scores that a model gave the answers to a prompt."""

    HIGHEST = "highest", "the highest"
    LOWEST = "lowest", "the lowest"
    MEAN = "mean", "the mean"
    SPREAD = "spread", "the highest less the lowest"


class Unit(TextChoices):
    CHARACTERS = "characters", "characters"
    WORDS = "words", "words"
