from evalhub.common.errors import Conflict, DomainError


class BadDefinition(DomainError):
    code = "bad_definition"


class DatasetNameTaken(Conflict):
    code = "dataset_name_taken"


class NotBuilt(Conflict):
    """The build has no files yet, or never will."""

    code = "not_built"


class BuildErased(Conflict):
    """Its files held the words of somebody who asked to be forgotten."""

    code = "build_erased"


class ErasedMeanwhile(Conflict):
    """Somebody was erased while the build read what they had written."""

    code = "erased_meanwhile"


class SplitLeaks(Conflict):
    """A group, a prompt or a row stands on two sides of the split."""

    code = "split_leaks"


class BuildCrosses(Conflict):
    """Prompts on two sides of a build turned out to be near-duplicates after it was made."""

    code = "build_crosses"
