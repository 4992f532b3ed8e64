from evalhub.gold.models.gold import Appeal, Draw, GoldPlan, GoldVerdict
from evalhub.gold.models.qualification import Attempt, AttemptTask, Qualification

__all__ = [
    "Appeal",
    "Attempt",
    "AttemptTask",
    "Draw",
    "GoldPlan",
    "GoldVerdict",
    "Qualification",
]
