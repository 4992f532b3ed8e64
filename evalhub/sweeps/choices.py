from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices


class SweepKind(TextChoices):
    SEARCH = "search"  # for the best settings
    CURVE = "curve"  # what more rows are worth


class SweepState(TextChoices):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Sampler(TextChoices):
    """Who chooses the settings of the next try."""

    GRID = "grid", "grid"  # every combination once, in an order of the seed
    RANDOM = "random", "random draws"
    TPE = "tpe", "TPE"  # where good tries lie close together: Bergstra et al., NeurIPS 2011
    REFINE = "refine", "coarse to fine"  # one range, coarse to fine


@dataclass(frozen=True)
class Objective:
    """A figure of the validation rows, as a Run's metrics name it."""

    name: str
    label: str
    recipes: tuple[str, ...]
    more_is_better: bool = False


OBJECTIVES = {
    each.name: each
    for each in (
        Objective("eval_loss", "validation loss", ("sft", "text", "dpo", "kto", "reward")),
        Objective("eval_loss_per_byte", "validation loss per byte", ("sft", "text")),
        Objective(
            "eval_reward_accuracy", "validation pairs won", ("dpo", "reward"), more_is_better=True
        ),
        Objective("eval_reward", "reward of validation prompts", ("rloo",), more_is_better=True),
    )
}
