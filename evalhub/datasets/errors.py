from evalhub.common.errors import Conflict, DomainError


class BadDefinition(DomainError):
    code = "bad_definition"


class BadDecision(DomainError):
    """A proposed spelling is accepted or rejected, nothing else."""

    code = "bad_spelling_decision"


class DatasetNameTaken(Conflict):
    code = "dataset_name_taken"


class NotBuilt(Conflict):
    """The build has no files yet, or never will."""

    code = "not_built"


class CannotExport(DomainError):
    """No such shape or format, or one that cannot hold rows of that kind."""

    code, http_status = "cannot_export", 422


class OutputInUse(Conflict):
    """Something else lies where the export shall go."""

    code = "output_in_use"


class ExportNotThere(DomainError):
    """The file of the export is not written yet, or gone again."""

    code, http_status = "export_not_there", 410


class TargetNotAllowed(DomainError):
    """The operator has not named that place as one where data may be pushed."""

    code, http_status = "target_not_allowed", 403


class PushFailed(DomainError):
    """The place did not take the files."""

    code, http_status = "push_failed", 502


class UnfitTarget(DomainError):
    """What is written there is no place that anything can be pushed to."""

    code, http_status = "unfit_target", 422


class BuildErased(Conflict):
    """Its files held the words of somebody who asked to be forgotten."""

    code = "build_erased"


class ErasedMeanwhile(Conflict):
    """Somebody was erased while the build read what they had written."""

    code = "erased_meanwhile"


class CleaningNotReady(DomainError):
    """What a definition asks for to clean rows is not installed on the worker, or finds no such thing."""

    code, http_status = "cleaning_not_ready", 422


class SplitLeaks(Conflict):
    """A group, a prompt or a row stands on two sides of the split."""

    code = "split_leaks"


class BuildCrosses(Conflict):
    """Prompts on two sides of a build turned out to be near-duplicates after it was made."""

    code = "build_crosses"
