from evalhub.common.errors import Conflict


class CannotValue(Conflict):
    """The campaign's tasks decide nothing between two answers, or none is left to be asked."""

    code = "cannot_value"
