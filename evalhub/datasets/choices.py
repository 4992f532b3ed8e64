from django.db.models import TextChoices


class BuildKind(TextChoices):
    SFT = "sft"
    PREFERENCE = "preference"
    UNPAIRED = "unpaired"  # an answer, and whether it is a good one
    REWARD = "reward"  # a preference with how much better
    CLASSIFICATION = "classification"  # a prompt and what people called it
    TEXT = "text"  # documents
    EVALUATION = "evaluation"  # test prompts with references and people's scores, frozen


# of each kind that a recipe learns from: the fields of a row that hold what is learnt
ANSWERS: dict[str, tuple[str, ...]] = {
    BuildKind.SFT: ("completion",),
    BuildKind.UNPAIRED: ("completion",),
    BuildKind.PREFERENCE: ("chosen", "rejected"),
    BuildKind.REWARD: ("chosen", "rejected"),
    BuildKind.TEXT: ("text",),
}


class SpellingState(TextChoices):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
