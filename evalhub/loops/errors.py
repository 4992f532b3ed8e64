from evalhub.common.errors import Conflict, DomainError


class BadPolicy(DomainError):
    code = "bad_policy"


class NoLoopYet(DomainError):
    """The workspace has no Loop, and not what one could be made of."""

    code = "no_loop_yet"


class LoopSlugTaken(Conflict):
    code = "loop_slug_taken"


class RoundRunning(Conflict):
    """A Loop has one running Round at a time."""

    code = "round_running"


class LoopPaused(Conflict):
    """Quality fell, and nobody has let it go on yet."""

    code = "loop_paused"


class LoopNotPaused(Conflict):
    code = "loop_not_paused"


class NoReason(DomainError):
    code = "no_reason"


class RoundNotResumable(Conflict):
    code = "round_not_resumable"


class RoundOver(Conflict):
    code = "round_over"


class StepFailed(DomainError):
    code = "step_failed"


class NoWorkers(DomainError):
    code = "no_workers"


class CannotRollBack(Conflict):
    """The model was never in service there, or is now."""

    code = "cannot_roll_back"


class CannotDecide(Conflict):
    """The model cannot come into service there by a decision, or there is nothing to measure it on."""

    code = "cannot_decide"
