"""Taking a judgment and lending the next task: one request, the hottest path there is.

Two statements: what was asked (read), and the judgment with the next task (one write, one commit).
Everything unusual (a retry, a lost lease, nothing left ahead) leaves the path and takes its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from evalhub.accounts.acting import BY_DIGEST
from evalhub.accounts.choices import MemberKind
from evalhub.accounts.models import User
from evalhub.campaigns.access import AtDesk, access_desk_with
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.eligibility import IS_ELIGIBLE, IS_LIMITED
from evalhub.campaigns.errors import LeaseLost
from evalhub.campaigns.models import Assignment
from evalhub.campaigns.queries import criteria_of
from evalhub.campaigns.services.claim import (
    Desk,
    Lease,
    asked_of_next,
    is_about_share,
    lease_of,
    lend_on,
    take_back,
)
from evalhub.campaigns.services.leases import save_draft
from evalhub.campaigns.services.statements import WAYS, Ways
from evalhub.common.database.base import Row
from evalhub.common.errors import NotFound
from evalhub.common.rows import first_row
from evalhub.judgments.body import SubmitBody
from evalhub.judgments.checks import findings_of
from evalhub.judgments.choices import Source
from evalhub.judgments.queries import material_of
from evalhub.judgments.question import Question
from evalhub.judgments.services.retries import mismatch, stored_before
from evalhub.judgments.services.statements import (
    columns_of,
    submit_and_lend_statement,
    submit_statement,
    tables_of,
)

SOURCES = {
    MemberKind.PERSON: Source.HUMAN,
    MemberKind.MODEL: Source.MODEL,
    MemberKind.SIMULATED: Source.SIMULATED,
    MemberKind.IMPORTED: Source.IMPORTED,
}

_COLUMNS = f"""
           a.id, a.token, a.state = 'held' AND a.expires_at > now(), a.permutation, a.rank,
           ARRAY(SELECT tc.completion_id FROM campaigns_taskcompletion tc
                 WHERE tc.task_id = a.task_id ORDER BY tc.place),
           c.id, c.uid, c.type, c.state, c.hand_size, c.lease_minutes, v.uid,
           v.id, CASE WHEN c.second_version_id IS NOT NULL THEN v.id END, c.asks, c.masks_identity, c.workspace_id, m.kind, m.id, m.roles,
           CASE WHEN c.guidelines_id IS NOT NULL THEN (
               SELECT max(g.id) FROM campaigns_acceptance x
               JOIN campaigns_guidelines g ON g.id = x.guidelines_id
               WHERE x.member_id = a.member_id AND g.campaign_id = c.id) END,
           c.guidelines_id,
           {IS_ELIGIBLE}, {IS_LIMITED}, {WAYS}
"""  # noqa: S608  constants only
# What the member is shown; who holds a task of a campaign that tries two wordings has a half of it
_SHOWN = """
    JOIN rubrics_rubricversion v ON v.id = CASE
        WHEN c.second_version_id IS NULL THEN c.rubric_version_id
        ELSE (SELECT h.version_id FROM campaigns_wordinghalf h
              WHERE h.campaign_id = c.id AND h.member_id = a.member_id) END
"""
_ANYBODYS = f"""
    SELECT {_COLUMNS}
    FROM campaigns_assignment a
    JOIN campaigns_task t ON t.id = a.task_id
    JOIN campaigns_campaign c ON c.id = a.campaign_id
    {_SHOWN}
    JOIN accounts_member m ON m.id = a.member_id
    WHERE a.uid = %s AND m.is_active
"""  # noqa: S608  constants only
_ASKED = f"{_ANYBODYS} AND a.member_id = %s"
_ASKED_BY_TOKEN = f"{_ANYBODYS} AND a.member_id = (SELECT m.id {BY_DIGEST})"
_AT_DESK = f"""
    JOIN campaigns_assignment a
      ON a.uid = %s AND a.member_id = m.id AND a.campaign_id = c.id
    JOIN campaigns_task t ON t.id = a.task_id
    {_SHOWN}
"""


@dataclass(frozen=True)
class Asked:
    """An assignment with all that a submit needs to know about it."""

    assignment: int
    token: int
    is_live: bool
    rank: int
    workspace: int
    member: int
    member_kind: str
    roles: list[str]
    guidelines: int | None  # the newest that the member has accepted
    has_read: bool  # the campaign's newest, or need not
    wording: int | None  # the rubric's version that they are shown, where two are tried
    is_eligible: bool  # for the campaign's next task
    is_limited: bool  # to so much a day
    ways: Ways  # to the next task
    desk: Desk
    question: Question


@dataclass(frozen=True)
class Submitted:
    judgment: UUID
    next: Lease | None
    is_new: bool  # False: a retry of what was stored before


def submit_judgment(*, assignment: UUID, member_pk: int, body: SubmitBody) -> Submitted:
    """The same as `submit` for whoever has not asked yet.

    Raises:
        NotFound: no such assignment of this member; nothing is kept.
    """
    return submit(asked=asked_of(assignment, member_pk), assignment=assignment, body=body)


def submit(*, asked: Asked, assignment: UUID, body: SubmitBody) -> Submitted:
    """Store what the member says about the task they hold; lend the next if they ask for it.

    A retry (the same submission_id and answers) changes nothing and gives the same judgment.

    Raises:
        InvalidJudgment: the answers do not fit the task or the rubric; the lease stays.
        LeaseLost: the member does not hold it any more; the body is kept as a late draft.
        SubmissionMismatch: other answers were stored under this submission_id.
    """
    if not asked.is_live or asked.token != body.token:
        return _settled(assignment, asked, body)
    findings = findings_of(body, asked.question, lambda: material_of(assignment))
    values = _values(asked, body, assignment) | columns_of(findings)
    lends = body.claim_next and asked.is_eligible and asked.has_read
    lends = lends and asked.desk.state == CampaignState.OPEN
    lends_at_once = lends and not asked.is_limited
    if lends_at_once:
        values |= asked_of_next(asked.desk, holding=body.holding, after=asked.rank)
    stored = _stored(tables_of(findings), values, ways=asked.ways if lends_at_once else None)
    if stored is None:
        return _settled(assignment, asked, body)
    judgment, lent = stored[0], stored[1:]
    coming: Lease | None = None
    if any(lent):
        coming = lease_of(asked.desk, lent, is_new=True)
    elif lends:
        coming = lend_on(desk=asked.desk, member_pk=asked.member, holding=body.holding)
    return Submitted(judgment=judgment, next=coming, is_new=True)


def _stored(tables: tuple[str, ...], values: dict[str, Any], *, ways: Ways | None) -> Row | None:
    """The judgment's uid and the columns of the next lease; None: there was no lease to end.

    Args:
        ways: where the next may come from; None: no next is wanted.
    """
    statement = submit_statement(tables)
    if ways is not None:
        statement = submit_and_lend_statement(tables, ways)
    try:
        return first_row(statement, values)
    except IntegrityError as error:
        if ways is not None and is_about_share(error):  # another claim took the last of it: no next
            return _stored(tables, values, ways=None)
        if "submission_counts_once" not in str(error):
            raise
        raise mismatch() from error


def asked_of(assignment: UUID, member_pk: int) -> Asked:
    """Raises NotFound: no such assignment of this member."""
    row = first_row(_ASKED, [assignment, member_pk])
    if row is None:
        raise NotFound(_("No such assignment."))
    return _asked(row)


def asked_by_token(assignment: UUID, digest: str) -> Asked | None:
    """The assignment, if it is of the member for whom the token speaks now; one read for both."""
    row = first_row(_ASKED_BY_TOKEN, [assignment, digest])
    return None if row is None else _asked(row)


def asked_at_desk(
    user: User, slug: str, uid: UUID, assignment: UUID | None
) -> tuple[AtDesk, Asked | None]:
    """Who judges, what, and the assignment if it is theirs; one read, for the annotator's page.

    Raises:
        NotFound, Forbidden: as `access_desk` does.
    """
    desk, row = access_desk_with(
        user, slug, uid, tables=_AT_DESK, values=[assignment], also=_COLUMNS
    )
    return desk, None if row is None else _asked(row)


def _asked(row: Sequence[Any]) -> Asked:
    pk, token, is_live, permutation, rank, completions, *of_campaign = row
    desk_pk, uid, type_, state, hand, minutes, version_uid, version, wording, *rest = of_campaign
    asks, masks, workspace, kind, member, roles, guidelines, newest, *rest = rest
    is_eligible, is_limited, *ways = rest
    question = Question(type_, completions, permutation, criteria_of(version), asks, masks)
    desk = Desk(desk_pk, uid, type_, state, hand, minutes, version_uid, workspace, masks, asks)
    return Asked(
        assignment=pk,
        token=token,
        is_live=is_live,
        rank=rank,
        workspace=workspace,
        member=member,
        member_kind=kind,
        roles=roles,
        guidelines=guidelines,
        has_read=newest in (None, guidelines) or kind != MemberKind.PERSON,
        wording=wording,
        is_eligible=is_eligible,
        is_limited=is_limited,
        ways=Ways(*ways),
        desk=desk,
        question=question,
    )


def _values(asked: Asked, body: SubmitBody, assignment: UUID) -> dict[str, Any]:
    return {
        "assignment": asked.assignment,
        "member": asked.member,
        "campaign": asked.desk.pk,
        "token": body.token,
        "workspace": asked.workspace,
        "source": SOURCES[MemberKind(asked.member_kind)].value,
        "submission": body.submission_id,
        "digest": body.digest(assignment),
        "active_ms": body.active_ms,
        "critique": body.critique,
        "guidelines": asked.guidelines,
        "wording": asked.wording,
        "undo": settings.EVALHUB_UNDO_SECONDS if asked.member_kind == MemberKind.PERSON else 0,
    }


def _settled(assignment: UUID, asked: Asked, body: SubmitBody) -> Submitted:
    """The answer when there is no lease to end: a retry, or work that comes too late."""
    stored = stored_before(asked.member, assignment, body)
    if stored is not None:
        if stored.withdrawn_at is not None:
            raise mismatch()
        held = _held_now(asked, body.holding) if body.claim_next else None
        return Submitted(judgment=stored.uid, next=held, is_new=False)
    mine = Assignment.objects.get(pk=asked.assignment)
    save_draft(assignment=mine, body=msgspec.to_builtins(body))
    told = _(
        "You do not hold this task any more: its time ran out, or it was answered or handed back "
        "elsewhere. What you sent is kept as a draft."
    )
    raise LeaseLost(told, state=mine.state)


def _held_now(asked: Asked, holding: Sequence[UUID]) -> Lease | None:
    with transaction.atomic():
        return take_back(desk=asked.desk, member_pk=asked.member, holding=holding)
