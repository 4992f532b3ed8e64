from evalhub.common.errors import Conflict, DomainError


class ModelNameTaken(Conflict):
    code = "model_name_taken"


class NoModelThere(DomainError):
    code = "no_model_there"


class CannotRun(DomainError):
    """The row is only a name: there are no files that we could load."""

    code = "model_cannot_run"


class UnfitAdapter(DomainError):
    """The files are no LoRA adapter in safetensors, or were made for another base or task."""

    code = "unfit_adapter"
