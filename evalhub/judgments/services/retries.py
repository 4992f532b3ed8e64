"""A body that comes twice: the same judgment, or other answers under a name that was used."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from evalhub.judgments.body import ReviseBody, SubmitBody
from evalhub.judgments.errors import SubmissionMismatch
from evalhub.judgments.models import Judgment


def stored_before(
    member_pk: int, assignment: UUID, body: SubmitBody | ReviseBody
) -> Judgment | None:
    """The judgment that this very body has become; None when its submission_id is new.

    Raises:
        SubmissionMismatch: other answers were stored under it.
    """
    mine = Judgment.objects.filter(member_id=member_pk, submission_id=body.submission_id)
    stored = mine.first()
    if stored is not None and stored.body_digest != body.digest(assignment):
        raise mismatch()
    return stored


def mismatch() -> SubmissionMismatch:
    return SubmissionMismatch(
        _("Other answers were stored under this submission_id. Send a new one for a new judgment.")
    )
