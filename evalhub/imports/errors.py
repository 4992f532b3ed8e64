from evalhub.common.errors import DomainError


class UnreadableFile(DomainError):
    """The file as a whole cannot be read; single rows are rejected one by one."""

    code = "unreadable_file"
