from evalhub.common.errors import Conflict, DomainError, Forbidden


class BadWebhook(DomainError):
    """What was given of it means nothing, or is missing."""

    code = "bad_webhook"


class TargetNotAllowed(Forbidden):
    """It lies in a private network, and the operator has not named it in EVALHUB_WEBHOOK_TARGETS."""

    code = "webhook_target_not_allowed"


class WebhookOff(Conflict):
    code = "webhook_off"


class StillOnItsWay(Conflict):
    """It will be tried again by itself."""

    code = "still_on_its_way"
