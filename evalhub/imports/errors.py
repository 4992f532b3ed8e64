from evalhub.common.errors import Conflict, DomainError


class UnreadableFile(DomainError):
    """The file as a whole cannot be read; single rows are rejected one by one."""

    code = "unreadable_file"


class NothingToConfirm(Conflict):
    """The import was read already, is being previewed still, or never asked."""

    code = "nothing_to_confirm"
