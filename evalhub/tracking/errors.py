from evalhub.common.errors import Conflict, DomainError


class BadTracker(DomainError):
    """A project, an address or the name of a variable that means nothing, or one that is missing."""

    code = "bad_tracker"


class AddressNotAllowed(DomainError):
    """No prefix of EVALHUB_TRACKER_ADDRESSES covers it."""

    code, http_status = "address_not_allowed", 403


class CannotTrack(Conflict):
    """Nothing goes there now: it is off, under way already, or of a kind of run that has no figures."""

    code = "cannot_track"


class TrackingFailed(DomainError):
    """The service did not take the figures; the message says why and what to do."""

    code, http_status = "tracking_failed", 422
