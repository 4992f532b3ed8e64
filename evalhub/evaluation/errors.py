from evalhub.common.errors import Conflict, DomainError


class NothingToMeasure(DomainError):
    code = "nothing_to_measure"


class BaselineMissing(Conflict):
    """An adapter is only measured where its base has been: without it no figure means anything."""

    code = "baseline_missing"


class NotMeasured(Conflict):
    code = "not_measured"
