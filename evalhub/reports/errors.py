from evalhub.common.errors import Conflict, DomainError


class NotExported(Conflict):
    """The export has no file yet, or never will."""

    code = "not_exported"


class ExportExpired(DomainError):
    code, http_status = "export_expired", 410


class ExportInUse(Conflict):
    """Another process is writing to the same place."""

    code = "export_in_use"


class OtherExport(Conflict):
    """What lies unfinished at that place was begun with other arguments."""

    code = "other_export"


class NotComputed(Conflict):
    """Nobody has asked for this report of the campaign yet."""

    code = "not_computed"


class NoSuchPart(DomainError):
    """A report is asked for by something that it is not split by."""

    code, http_status = "no_such_part", 422
