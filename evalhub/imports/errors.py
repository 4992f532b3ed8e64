from evalhub.common.errors import Conflict, DomainError


class UnreadableFile(DomainError):
    """The file as a whole cannot be read; single rows are rejected one by one."""

    code = "unreadable_file"


class UnfitMapping(DomainError):
    """The mapping does not say what is needed, or names what the table does not have."""

    code = "unfit_mapping"


class HubUnreachable(DomainError):
    """The hub has no such dataset, or does not answer."""

    code = "hub_unreachable"


class NothingToConfirm(Conflict):
    """The import was read already, is being previewed still, or never asked."""

    code = "nothing_to_confirm"


class OtherPromptsThere(Conflict):
    """Red-team prompts have a collection of their own."""

    code = "other_prompts_there"
