"""Work that came when its place was gone, kept apart from k."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _

from evalhub.accounts.choices import MemberKind
from evalhub.campaigns.models import Assignment
from evalhub.common.errors import Conflict
from evalhub.judgments.body import ReviseBody
from evalhub.judgments.checks import findings_of
from evalhub.judgments.models import Judgment
from evalhub.judgments.queries import material_of
from evalhub.judgments.services.retries import stored_before
from evalhub.judgments.services.statements import columns_of, extra_statement, tables_of
from evalhub.judgments.services.submit import SOURCES, asked_of


def submit_extra(*, assignment: Assignment, body: ReviseBody) -> Judgment:
    """Store what a member says about a task that went on without them; once for each task.

    The same submission_id gives the same judgment.

    Raises:
        Conflict: the campaign takes no extras, or the task still has a place for them.
        InvalidJudgment: the answers do not fit the task or the rubric.
        SubmissionMismatch: other answers were stored under this submission_id.
    """
    stored = stored_before(assignment.member_id, assignment.uid, body)
    if stored is not None:
        return stored
    asked = asked_of(assignment.uid, assignment.member_id)
    findings = findings_of(body, asked.question, lambda: material_of(assignment.uid))
    values = {
        "assignment": asked.assignment,
        "member": assignment.member_id,
        "workspace": asked.workspace,
        "source": SOURCES[MemberKind(asked.member_kind)].value,
        "submission": body.submission_id,
        "digest": body.digest(assignment.uid),
        "active_ms": body.active_ms,
        "critique": body.critique,
        "guidelines": asked.guidelines,
        "wording": asked.wording,
        **columns_of(findings),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(extra_statement(tables_of(findings)), values)
        row = cursor.fetchone()
    if row is not None:
        return Judgment.objects.get(pk=row[0])
    stored = stored_before(assignment.member_id, assignment.uid, body)  # the same, at this moment
    if stored is not None:
        return stored
    raise Conflict(
        _("This cannot be an extra judgment: the campaign takes none, or the task is yours.")
    )
