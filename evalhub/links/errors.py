from evalhub.common.errors import Conflict, DomainError, NotFound


class LinkOver(NotFound):
    """Revoked, past its time, or never there: the answer is the same."""

    code = "link_over"


class LinkFull(Conflict):
    code = "link_full"


class UnfitLink(DomainError):
    code, http_status = "unfit_link", 422


class NotByLink(Conflict):
    """This account is not one that a join link signs in."""

    code = "not_by_link"
