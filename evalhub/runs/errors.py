from evalhub.common.errors import Conflict, DomainError


class BadSpec(DomainError):
    """The spec names a recipe, an option or a value that the trainer does not know."""

    code = "bad_spec"


class BlockedByFindings(DomainError):
    """The report of the build has findings that block, and nobody said why they do not matter."""

    code = "blocked_by_findings"


class RunFailed(DomainError):
    """The trainer said what was wrong, or went away without a word."""

    code = "run_failed"


class FileChanged(DomainError):
    """Bytes in EVALHUB_FILES, or a base model's directory, are not what they were."""

    code = "file_changed"


class StillLocked(Conflict):
    code = "run_locked"


class CannotExportRun(DomainError):
    """The run trains nothing, or the other trainer has no form for what it learns from."""

    code = "cannot_export_run"


class CannotCompareRuns(DomainError):
    """Fewer runs than two were named, or more than eight."""

    code = "cannot_compare_runs"


class CannotRepeatRun(Conflict):
    """It did not end well, files are gone, or code has changed; `differs` says what of the code."""

    code = "cannot_repeat_run"


class BadPrice(DomainError):
    """A negative amount, or no currency."""

    code = "bad_price"


class BadTags(DomainError):
    """Too many tags, or one that is too long or holds a comma."""

    code = "bad_tags"
