from evalhub.common.errors import DomainError


class TooBusy(DomainError):
    code, http_status = "too_busy", 503


class UnfitExclusion(DomainError):
    code, http_status = "unfit_exclusion", 422


class NotPreviewed(DomainError):
    code, http_status = "not_previewed", 409


class UnfitWithdrawal(DomainError):
    code, http_status = "unfit_withdrawal", 422
