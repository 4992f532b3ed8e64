from evalhub.common.errors import DomainError


class TooBusy(DomainError):
    code, http_status = "too_busy", 503
