from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.queries import criteria_of
from evalhub.common.errors import Conflict
from evalhub.judgments.body import ReviseBody
from evalhub.judgments.checks import findings_of
from evalhub.judgments.models import Judgment
from evalhub.judgments.queries import material_of
from evalhub.judgments.services.retries import mismatch, stored_before
from evalhub.judgments.services.statements import columns_of, revise_statement, tables_of
from evalhub.judgments.services.submit import asked_of


def revise_judgment(*, judgment: Judgment, by: Member, body: ReviseBody) -> Judgment:
    """Change one's mind: a new row that supersedes `judgment`; the old one stays.

    The same submission_id gives the same revision.

    Raises:
        Conflict: it was imported, its campaign takes no revisions, or it has been revised already.
        InvalidJudgment: the answers do not fit the task or the rubric.
        SubmissionMismatch: other answers were stored under this submission_id.
    """
    about = check_revisable(judgment)
    stored = stored_before(by.pk, about, body)
    if stored is not None:
        if stored.supersedes_id != judgment.pk:
            raise mismatch()
        return stored
    asked = asked_of(about, by.pk)
    question = asked.question
    if judgment.rubric_version_id is not None:  # the wording of then, whichever was kept since
        question = replace(question, criteria=criteria_of(judgment.rubric_version_id))
    findings = findings_of(body, question, lambda: material_of(about))
    values = {
        "supersedes": judgment.pk,
        "submission": body.submission_id,
        "digest": body.digest(about),
        "active_ms": body.active_ms,
        "critique": body.critique,
        "guidelines": asked.guidelines,
        "undo": 0,
        **columns_of(findings),
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(revise_statement(tables_of(findings)), values)
            row = cursor.fetchone()
    except IntegrityError as error:
        raise Conflict(
            _("This judgment has been revised already; revise the newest one.")
        ) from error
    if row is None:  # withdrawn between the check and now
        raise Conflict(_("This judgment was withdrawn; its task is in your hand again."))
    return Judgment.objects.get(pk=row[0])


def check_revisable(judgment: Judgment) -> UUID:
    """The assignment that a revision is about; raise Conflict where there can be none."""
    if not judgment.campaign.allows_revision:
        told = _("“%(title)s” takes no revisions.") % {"title": judgment.campaign.title}
        raise Conflict(told)
    if judgment.withdrawn_at is not None:
        raise Conflict(_("This judgment was withdrawn; its task is in your hand again."))
    if judgment.is_fix:
        raise Conflict(_("A reviewer’s fix stays as it is."))
    if judgment.assignment is None:
        raise Conflict(_("An imported judgment is not revised here; import a corrected file."))
    return judgment.assignment.uid


def check_current(judgment: Judgment) -> None:
    """Raise Conflict when a newer judgment stands in its place."""
    if Judgment.objects.filter(supersedes=judgment).exists():
        raise Conflict(_("This judgment has been revised already; revise the newest one."))
