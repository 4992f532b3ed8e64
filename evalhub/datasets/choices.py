from django.db.models import TextChoices


class BuildKind(TextChoices):
    SFT = "sft"
    PREFERENCE = "preference"
    UNPAIRED = "unpaired"  # an answer, and whether it is a good one
    REWARD = "reward"  # a preference with how much better
    CLASSIFICATION = "classification"  # a prompt and what people called it
    TEXT = "text"  # documents
    EVALUATION = "evaluation"  # test prompts with references and people's scores, frozen


class SpellingState(TextChoices):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
