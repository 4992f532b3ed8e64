from django.db.models import TextChoices


class BuildKind(TextChoices):
    SFT = "sft"
    PREFERENCE = "preference"
    EVALUATION = "evaluation"  # prompts with references, frozen
