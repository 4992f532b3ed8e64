from evalhub.common.errors import Conflict, DomainError


class UnfitFunction(DomainError):
    """Its parameters, its pattern or its value do not fit; the message says how."""

    code, http_status = "unfit_function", 422


class FunctionNameTaken(Conflict):
    code = "function_name_taken"


class FunctionRetired(Conflict):
    """It was retired, or changed, which retires the version before."""

    code = "function_retired"


class UnfitLabelling(DomainError):
    """Labelling functions cannot do this for the campaign."""

    code, http_status = "unfit_labelling", 422
