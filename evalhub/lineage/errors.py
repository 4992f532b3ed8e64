from evalhub.common.errors import Conflict, DomainError


class NameOne(DomainError):
    """A judgment, a prompt or a member; and one of them."""

    code = "name_one_subject"


class CannotErase(Conflict):
    code = "cannot_erase"


class BadSet(DomainError):
    """The set of texts to look in cannot be read, or is not there."""

    code = "bad_set"
