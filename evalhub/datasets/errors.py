from evalhub.common.errors import Conflict, DomainError


class BadDefinition(DomainError):
    code = "bad_definition"


class BadDecision(DomainError):
    """A proposed spelling is accepted or rejected, nothing else."""

    code = "bad_spelling_decision"


class DatasetNameTaken(Conflict):
    code = "dataset_name_taken"


class RowsCross(DomainError):
    """A row would stand in two splits; nothing is built."""

    code = "rows_cross"


class NotBuilt(Conflict):
    """The build has no files yet, or never will."""

    code = "not_built"
