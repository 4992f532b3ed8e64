"""What a reward model proposes of a task's responses, where its campaign asks to show that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from string import ascii_uppercase
from uuid import UUID

from evalhub.campaigns.choices import Ask
from evalhub.campaigns.models import Assignment, Campaign
from evalhub.prompts.models import Score


@dataclass(frozen=True)
class Proposed:
    """`label` is the response that scores highest; `chance` that it is preferred to the next, in percent."""

    label: str
    chance: int


def proposed_for(assignment: UUID, campaign: Campaign) -> Proposed | None:
    """By the newest reward model that has scored every response; None where nothing is asked or known, or the
    two best score the same.
    """
    if Ask.PROPOSAL not in campaign.asks:
        return None
    held = Assignment.objects.select_related("task").get(uid=assignment)
    placed = list(held.task.placed.order_by("place").values_list("completion_id", flat=True))
    shown = [placed[place] for place in held.permutation]
    by_model: dict[int, dict[int, float]] = {}
    scores = Score.objects.filter(completion__in=shown)
    for model, completion, value in scores.values_list("model_id", "completion_id", "value"):
        by_model.setdefault(model, {})[completion] = value
    whole = [model for model, found in by_model.items() if len(found) == len(set(shown))]
    if not whole:
        return None
    found = by_model[max(whole)]
    values = [found[completion] for completion in shown]
    best, following = sorted(values, reverse=True)[:2]
    if best == following:
        return None
    chance = round(100 / (1 + math.exp(following - best)))
    return Proposed(ascii_uppercase[values.index(best)], chance)
