from django.db.models import TextChoices


class FunctionKind(TextChoices):
    REGEX = "regex", "a pattern"
    KEYWORDS = "keywords", "words"
    LENGTH = "length", "the length"
    CODE = "contains_code", "code in it"
    SCORE = "score", "a score in a slice"


class Part(TextChoices):
    """What of a prompt is read."""

    LAST_TURN = "last_turn", "the last turn"
    CONVERSATION = "conversation", "the whole conversation"


class Unit(TextChoices):
    CHARACTERS = "characters", "characters"
    WORDS = "words", "words"
