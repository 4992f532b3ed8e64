from evalhub.common.errors import Conflict, DomainError


class MalformedBody(DomainError):
    """The JSON is not of the documented shape."""

    code, http_status = "malformed", 400


class InvalidJudgment(DomainError):
    """The shape is right, but the answers do not fit the task or the rubric."""

    code, http_status = "invalid_judgment", 422


class SubmissionMismatch(Conflict):
    code = "submission_mismatch"


class UnfitReturn(DomainError):
    code, http_status = "unfit_return", 422


class UnfitExpertAnswer(DomainError):
    code, http_status = "unfit_expert_answer", 422


class TooLateToWithdraw(Conflict):
    """The judgment counts by now, or could never be withdrawn."""

    code = "too_late_to_withdraw"


class PeriodNotOver(Conflict):
    """A pay run ends in the past, and after the one before it."""

    code = "period_not_over"


class NothingToPay(Conflict):
    code = "nothing_to_pay"
