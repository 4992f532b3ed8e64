from evalhub.common.errors import Conflict, DomainError


class LeaseOver(Conflict):
    """The worker does not have the run, or no longer: it was taken back, or has ended."""

    code = "lease_over"


class UnfitReport(DomainError):
    """What a worker sent is not what a trainer of ours writes."""

    code = "unfit_report"


class UploadTooLarge(DomainError):
    code, http_status = "upload_too_large", 413
