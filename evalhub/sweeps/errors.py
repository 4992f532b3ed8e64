from evalhub.common.errors import Conflict, DomainError


class BadSweep(DomainError):
    """What shall be searched means nothing, does not fit the rows, or cannot be compared."""

    code = "bad_sweep"


class SweepOver(Conflict):
    """It has ended, so there is nothing to cancel."""

    code = "sweep_over"


class SweepRunning(Conflict):
    """It has not ended, so it cannot go on with more tries."""

    code = "sweep_running"


class NoTryYet(Conflict):
    """No try has ended with a figure, so none is the best."""

    code = "no_try_yet"
