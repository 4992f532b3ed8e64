from evalhub.common.errors import Conflict, DomainError


class UnfitAppeal(DomainError):
    """An appeal, or its answer, gives no reason."""

    code, http_status = "unfit_appeal", 422


class NotAppealable(Conflict):
    """The gold was passed or withdrawn, or it was appealed before."""

    code = "not_appealable"


class UnfitQualification(DomainError):
    """A set without a word or without gold."""

    code, http_status = "unfit_qualification", 422


class NoAttempt(Conflict):
    """Somebody may not try for a qualification now, or has no attempt to end."""

    code = "no_attempt"
