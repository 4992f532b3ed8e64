from evalhub.common.errors import Conflict, DomainError


class UnfitAppeal(DomainError):
    """An appeal, or its answer, gives no reason."""

    code, http_status = "unfit_appeal", 422


class NotAppealable(Conflict):
    """The gold was passed or withdrawn, or it was appealed before."""

    code = "not_appealable"
