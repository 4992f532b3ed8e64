"""Errors that a caller can act on. Anything else that is raised is a bug."""

from __future__ import annotations


class DomainError(Exception):
    """Base of every error we raise on purpose.

    `code` is stable and documented; the message is a sentence for a person that says the remedy;
    `data` goes into the problem's JSON as it is, so it never holds a secret.
    """

    code = "invalid"
    http_status = 400

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.data = data


class NotFound(DomainError):
    """Absent, or hidden from whoever asks: the answer is the same."""

    code, http_status = "not_found", 404


class Forbidden(DomainError):
    code, http_status = "forbidden", 403


class Conflict(DomainError):
    """Somebody else was first, or the row has moved on."""

    code, http_status = "conflict", 409


class ParquetNotInstalled(DomainError):
    code, http_status = "parquet_not_installed", 422
