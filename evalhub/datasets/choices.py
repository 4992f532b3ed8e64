from django.db.models import TextChoices


class BuildKind(TextChoices):
    SFT = "sft"
    PREFERENCE = "preference"
    CLASSIFICATION = "classification"  # a prompt and what people called it
    EVALUATION = "evaluation"  # prompts with references, frozen


class SpellingState(TextChoices):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
