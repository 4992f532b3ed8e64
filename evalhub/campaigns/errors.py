from evalhub.common.errors import Conflict, DomainError


class HandFull(Conflict):
    code = "hand_full"


class CampaignNotOpen(Conflict):
    code = "campaign_not_open"


class LeaseLost(Conflict):
    """The task went to somebody else, or its time ran out; what was sent is kept as a draft."""

    code = "lease_lost"


class UnfitCampaign(DomainError):
    code, http_status = "unfit_campaign", 422


class UnfitTask(DomainError):
    code, http_status = "unfit_task", 422


class MalformedCall(DomainError):
    """The JSON is not of the documented shape."""

    code, http_status = "malformed", 400


class UnfitFlag(DomainError):
    code, http_status = "unfit_flag", 422


class GuidelinesNotAccepted(Conflict):
    """There is something to read and accept before the next task."""

    code = "guidelines_not_accepted"


class UnfitSkip(DomainError):
    code, http_status = "unfit_skip", 422
