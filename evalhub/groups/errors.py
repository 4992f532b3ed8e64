from evalhub.common.errors import Conflict, DomainError


class NotYourGroup(DomainError):
    """A group that the manager does not manage, or none where one is needed."""

    code, http_status = "not_your_group", 422


class CannotInvite(Conflict):
    """There is such an account on this instance, here or in another workspace: it does not say which."""

    code = "cannot_invite"


class NobodyLeft(Conflict):
    """A campaign that is for named people would be left without one of the manager's."""

    code = "nobody_left"
