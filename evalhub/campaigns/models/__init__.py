from evalhub.campaigns.models.campaign import (
    Acceptance,
    Campaign,
    CampaignQuerySet,
    Guidelines,
    MemberShare,
    TaskCount,
)
from evalhub.campaigns.models.flag import Flag, FlagQuerySet
from evalhub.campaigns.models.rate import PayRate
from evalhub.campaigns.models.task import (
    BAND,
    HIGHEST_PRIORITY,
    TAKEN,
    TURN,
    Assignment,
    AssignmentQuerySet,
    Draft,
    Reservation,
    Task,
    TaskCompletion,
    TaskQuerySet,
)
from evalhub.campaigns.models.wording import WordingHalf

__all__ = [
    "BAND",
    "HIGHEST_PRIORITY",
    "TAKEN",
    "TURN",
    "Acceptance",
    "Assignment",
    "AssignmentQuerySet",
    "Campaign",
    "CampaignQuerySet",
    "Draft",
    "Flag",
    "FlagQuerySet",
    "Guidelines",
    "MemberShare",
    "PayRate",
    "Reservation",
    "Task",
    "TaskCompletion",
    "TaskCount",
    "TaskQuerySet",
    "WordingHalf",
]
