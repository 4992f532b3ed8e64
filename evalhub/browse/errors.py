from evalhub.common.errors import DomainError


class UnfitAct(DomainError):
    """Such rows have no such act, or it lacks what it needs."""

    code, http_status = "unfit_act", 422


class ViewNameTaken(DomainError):
    code, http_status = "view_name_taken", 409
