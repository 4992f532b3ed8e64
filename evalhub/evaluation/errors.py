from evalhub.common.errors import Conflict, DomainError


class NothingToMeasure(DomainError):
    code = "nothing_to_measure"


class BadBenchmark(DomainError):
    """A file that is no benchmark; `rows` names each faulty row with its field and remedy."""

    code = "bad_benchmark"


class BaselineMissing(Conflict):
    """An adapter is only measured where its base has been: without it no figure means anything."""

    code = "baseline_missing"


class NotMeasured(Conflict):
    code = "not_measured"


class BadGate(DomainError):
    code = "bad_gate"


class GateTooNarrow(DomainError):
    """The set, or the trial, cannot show a difference as small as the gate asks about."""

    code = "gate_too_narrow"


class NoTrial(Conflict):
    """A trial cannot be held, or is over."""

    code = "no_trial"
