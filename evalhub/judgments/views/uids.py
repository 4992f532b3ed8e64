"""Names of assignments that a page sends."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from evalhub.judgments.errors import MalformedBody


def uid_in(text: str) -> UUID:
    uid = uid_or_none(text)
    if uid is None:
        raise MalformedBody(
            _("The form names no assignment. Load the page again."), field="assignment"
        )
    return uid


def uid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
