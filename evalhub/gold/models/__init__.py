from evalhub.gold.models.gold import Appeal, GoldDraw, GoldPlan, GoldVerdict
from evalhub.gold.models.qualification import Attempt, AttemptTask, Qualification

__all__ = [
    "Appeal",
    "Attempt",
    "AttemptTask",
    "GoldDraw",
    "GoldPlan",
    "GoldVerdict",
    "Qualification",
]
