"""What can go wrong before there is a database to ask."""

from __future__ import annotations

from evalhub.common.errors import DomainError


class CannotStart(DomainError):
    """A part does not start, and the sentence says what to do about it."""

    code, http_status = "cannot_start", 503
