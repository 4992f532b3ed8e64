"""My work, state by state: what one has begun, submitted, skipped, got back, and asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, Func, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState, CampaignState
from evalhub.campaigns.models import Assignment, Campaign, Flag, Task
from evalhub.common.models import PublicModel
from evalhub.common.paging import Page, newest_first
from evalhub.judgments.figures import drafts_of
from evalhub.judgments.models import Judgment, ReturnedJudgment
from evalhub.judgments.queries import LOST, may_be_extra

MOST_SEARCHED = 5000  # of one's own rows, the newest
MOST_ASKED = 200  # characters of a search
SIZE = 25

Row = TypeVar("Row", bound=PublicModel)


@dataclass(frozen=True)
class Line:
    """One row of a list; what does not belong to its state is left empty."""

    task: Task
    campaign: Campaign
    at: datetime
    active_ms: int | None = None
    wall_ms: int | None = None
    badge: Any = ""  # a lazy translation, here and below
    note: Any = ""
    answer: str = ""
    judgment: UUID | None = None  # to look at
    may_reopen: bool = False
    to_open: UUID | None = None  # the assignment that comes back on the page where one judges
    to_send: UUID | None = None  # the lost assignment, as an extra judgment
    to_take_back: UUID | None = None  # the skipped assignment

    @property
    def excerpt(self) -> str:
        return " ".join(self.task.prompt.last_turn[:500].split())[:160]


@dataclass(frozen=True)
class State:
    """One of the lists: how it is called, and what its rows say."""

    title: Any
    empty: Any  # what will stand here
    rows: Callable[[Member], QuerySet[Any]]  # rows of three models, thus `Any`
    line: Callable[[Any], Line]
    prompt: str = "task__prompt"  # from a row to its prompt


def page_of(
    member: Member, state: str, *, before: str = "", asked: str = ""
) -> tuple[Page[Any], list[Line]]:
    """One page of the member's rows in `state`, newest first; `asked` searches their prompts."""
    rows = _searched(STATES[state].rows(member), STATES[state].prompt, asked.replace("\0", ""))
    page = newest_first(rows, before=before, size=SIZE)
    return page, [STATES[state].line(row) for row in page]


def _searched(rows: QuerySet[Row], prompt: str, asked: str) -> QuerySet[Row]:
    """Those of the newest rows in whose conversation `asked` stands, whatever its case."""
    if not asked.strip():
        return rows
    told = Func(
        F(f"{prompt}__messages"), template="jsonb_path_query_array(%(expressions)s, '$[*].content')"
    )
    words = json.dumps(asked.strip()[:MOST_ASKED], ensure_ascii=False)[1:-1]  # as JSON writes it
    newest = rows.order_by("-pk").values("pk")[:MOST_SEARCHED]
    found = rows.filter(pk__in=newest).annotate(told=Cast(told, TextField()))
    searched: QuerySet[Row] = found.filter(told__icontains=words)
    return searched


def _drafts(member: Member) -> QuerySet[Assignment]:
    return drafts_of(member).select_related("draft", "task__prompt", "campaign")


def _draft(row: Assignment) -> Line:
    may_open = row.campaign.state == CampaignState.OPEN and (
        row.state == AssignmentState.HELD or (row.state in LOST and row.task.open_places > 0)
    )
    may_extra = not may_open and may_be_extra(row)
    return Line(
        row.task,
        row.campaign,
        row.draft.updated_at,
        badge=_("late") if row.draft.late else "",
        note="" if may_open else _why_kept(row, may_extra=may_extra),
        to_open=row.uid if may_open else None,
        to_send=row.uid if may_extra else None,
    )


def _why_kept(row: Assignment, *, may_extra: bool) -> Any:  # a lazy translation
    if row.state == AssignmentState.SUBMITTED:
        return _("You had submitted this task already, in another tab; this is what differed.")
    if row.state == AssignmentState.SKIPPED:
        return _("You had skipped this task, in another tab; what you wrote is kept.")
    if may_extra:
        return _(
            "Your time ran out and others filled its places. You may still submit it, apart from theirs."
        )
    if row.state == AssignmentState.HELD:
        return _("The campaign is not open now; what you wrote is kept here.")
    if row.campaign.state != CampaignState.OPEN:
        return _("The campaign is not open; what you wrote is kept, and its leads can read it.")
    return _("Your time ran out and others filled its places. Its leads can read what you wrote.")


def _submitted(member: Member) -> QuerySet[Judgment]:
    mine = Judgment.objects.filter(member=member)
    return mine.select_related("superseded_by", "task__prompt", "campaign")


def _submit(row: Judgment) -> Line:
    is_current = not hasattr(row, "superseded_by")
    badge: Any = "" if is_current else _("revised")
    if row.is_fix:
        return _judged(row, badge=_("your fix"))
    if not is_current and row.superseded_by.is_fix:
        return _judged(row, badge=_("fixed by a reviewer"))
    if row.withdrawn_at is not None:
        return _judged(row, badge=_("withdrawn"))
    if row.is_extra:
        badge = _("an extra")
    elif row.supersedes_id is not None and is_current:
        badge = _("a revision")
    return _judged(row, badge=badge, may_reopen=is_current and may_reopen(row))


def _skipped(member: Member) -> QuerySet[Assignment]:
    mine = Assignment.objects.of_member(member).filter(state=AssignmentState.SKIPPED)
    return mine.select_related("task__prompt", "campaign")


def _skip(row: Assignment) -> Line:
    has_place = row.task.open_places > 0 or row.gave_up_place
    is_free = has_place and row.campaign.state == CampaignState.OPEN
    wall = row.ended_at - row.claimed_at if row.ended_at else None
    return Line(
        row.task,
        row.campaign,
        row.ended_at or row.claimed_at,
        wall_ms=None if wall is None else round(wall.total_seconds() * 1000),
        badge=row.get_skip_reason_display(),
        note=row.skip_note,
        to_take_back=row.uid if is_free else None,
    )


def _returned(member: Member) -> QuerySet[ReturnedJudgment]:
    mine = ReturnedJudgment.objects.filter(
        judgment__member=member, judgment__superseded_by=None, judgment__withdrawn_at=None
    )
    return mine.select_related("judgment__task__prompt", "judgment__campaign")


def _return(row: ReturnedJudgment) -> Line:
    judgment = row.judgment
    return _judged(judgment, note=row.reason, may_reopen=may_reopen(judgment))


def _questions(member: Member) -> QuerySet[Flag]:
    mine = Flag.objects.filter(member=member)
    return mine.select_related("task__prompt", "campaign")


def _question(row: Flag) -> Line:
    badge = _("answered") if row.answered_at else _("open")
    note = row.text or row.get_kind_display()
    return Line(row.task, row.campaign, row.created_at, badge=badge, note=note, answer=row.answer)


def _judged(row: Judgment, **more: Any) -> Line:
    return Line(
        row.task,
        row.campaign,
        row.judged_at,
        active_ms=row.active_ms,
        wall_ms=row.wall_ms,
        judgment=row.uid,
        **more,
    )


def may_reopen(judgment: Judgment) -> bool:
    """Whether its author may revise it, if nothing supersedes it yet."""
    is_own = judgment.assignment_id is not None and not judgment.is_fix
    return judgment.campaign.allows_revision and is_own


STATES = {
    "drafts": State(
        _("Drafts"), _("What you began and did not submit is kept here."), _drafts, _draft
    ),
    "submitted": State(
        _("Submitted"), _("Every judgment of yours will stand here."), _submitted, _submit
    ),
    "skipped": State(_("Skipped"), _("You have skipped nothing."), _skipped, _skip),
    "returned": State(
        _("Returned"),
        _("What a reviewer hands back to you stands here, with the reason."),
        _returned,
        _return,
        prompt="judgment__task__prompt",
    ),
    "questions": State(
        _("Questions and flags"),
        _("What you flag and ask stands here, with the leads’ answers."),
        _questions,
        _question,
    ),
}
