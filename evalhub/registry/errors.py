from evalhub.common.errors import Conflict, DomainError


class ModelNameTaken(Conflict):
    code = "model_name_taken"


class NoModelThere(DomainError):
    code = "no_model_there"


class CannotRun(DomainError):
    """The row is only a name: there are no files that we could load."""

    code = "model_cannot_run"


class BadEndpoint(DomainError):
    """An address, a name, a price or a key that no server could have; the sentence says which."""

    code = "bad_endpoint"


class EndpointNotAllowed(DomainError):
    """It is a private machine that EVALHUB_ENDPOINT_PRIVATE does not name."""

    code, http_status = "endpoint_not_allowed", 403


class UnfitModel(DomainError):
    """The files are no whole model in safetensors that is read without code of its own."""

    code = "unfit_model"


class UnfitAdapter(DomainError):
    """The files are no LoRA adapter in safetensors, or were made for another base or task."""

    code = "unfit_adapter"
