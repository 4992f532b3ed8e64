from evalhub.common.errors import Conflict, DomainError, NotFound


class NameTaken(Conflict):
    code = "name_taken"


class TooManyTries(DomainError):
    code, http_status = "too_many_tries", 429


class InvitationOver(NotFound):
    code = "invitation_over"


class SignInRefused(DomainError):
    code, http_status = "sign_in_refused", 403


class RosterFaulty(DomainError):
    code = "roster_faulty"


class RosterChanged(Conflict):
    code = "roster_changed"
