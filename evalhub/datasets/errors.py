from evalhub.common.errors import Conflict, DomainError


class BadDefinition(DomainError):
    code = "bad_definition"


class DatasetNameTaken(Conflict):
    code = "dataset_name_taken"


class NotBuilt(Conflict):
    """The build has no files yet, or never will."""

    code = "not_built"
