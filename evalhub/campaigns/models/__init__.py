from evalhub.campaigns.models.campaign import (
    Acceptance,
    Campaign,
    CampaignQuerySet,
    Guidelines,
)
from evalhub.campaigns.models.flag import Flag, FlagQuerySet
from evalhub.campaigns.models.task import (
    HIGHEST_PRIORITY,
    PRIORITY_STEP,
    Assignment,
    AssignmentQuerySet,
    Draft,
    Task,
    TaskCompletion,
    TaskQuerySet,
)

__all__ = [
    "HIGHEST_PRIORITY",
    "PRIORITY_STEP",
    "Acceptance",
    "Assignment",
    "AssignmentQuerySet",
    "Campaign",
    "CampaignQuerySet",
    "Draft",
    "Flag",
    "FlagQuerySet",
    "Guidelines",
    "Task",
    "TaskCompletion",
    "TaskQuerySet",
]
