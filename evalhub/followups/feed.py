"""What became of one's own complaints, once nobody can be asked about them any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Exists, OuterRef, QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import TaskCompletion
from evalhub.campaigns.queries import masked
from evalhub.common.paging import Page, newest_first
from evalhub.followups.choices import Finding, FollowUpState
from evalhub.followups.models import Complaint, FollowUp
from evalhub.judgments.models import Judgment, Rating, Span

SIZE = 20  # complaints on a page


@dataclass(frozen=True)
class Word:
    """One complaint and what others found; `said` are its author's own words."""

    complaint: Complaint
    said: list[str]

    @property
    def finding(self) -> str:
        return str(Finding(self.complaint.finding).label) if self.complaint.finding else ""


@dataclass(frozen=True)
class Followed:
    """All complaints of one judgment about one answer. `new` is None while it must not be shown."""

    follow_up: FollowUp
    judgment: Judgment
    words: list[Word]
    old: str
    edit: str
    new: str | None


def complaints_of(member: Member) -> QuerySet[Complaint]:
    """The member's own, of follow-ups that are done: before that they might tell what is asked."""
    return Complaint.objects.filter(
        judgment__member=member,
        follow_up__state=FollowUpState.DONE,
        follow_up__workspace=member.workspace,
    )


def counts_of(member: Member) -> tuple[int, int]:
    """How many of the member's complaints are resolved, and of how many others found something."""
    told = complaints_of(member).exclude(finding="")
    return told.filter(finding=Finding.RESOLVED).count(), told.count()


def feed_of(member: Member, *, before: str = "") -> tuple[Page[Complaint], list[Followed]]:
    rows = complaints_of(member).select_related(
        "follow_up__model", "criterion", "old__prompt", "edit", "answer", "judgment__campaign"
    )
    page = newest_first(rows, before=before, size=SIZE)
    return page, followed(page, still_asked=_still_asked(page, member))


def followed(
    complaints: Iterable[Complaint], *, still_asked: Collection[int] = ()
) -> list[Followed]:
    """Complaints that stand together put together, with names blacked out where their campaign does so.

    Args:
        still_asked: keys of new answers that must not be shown.
    """
    rows = list(complaints)
    said = _said_in(rows)
    groups = [list(group) for _, group in groupby(rows, key=_about)]
    found = []
    for mine, (old, edit, new) in zip(groups, _as_shown(groups), strict=True):
        first = mine[0]
        is_shown = first.answer_id is not None and first.answer_id not in still_asked
        words = [Word(each, said[each.pk]) for each in mine]
        found.append(
            Followed(first.follow_up, first.judgment, words, old, edit, new if is_shown else None)
        )
    return found


def _about(complaint: Complaint) -> tuple[int, int, int]:
    return complaint.follow_up_id, complaint.judgment_id, complaint.old_id


def _as_shown(groups: list[list[Complaint]]) -> list[tuple[str, str, str]]:
    """Old, edit and new of each, as its campaign shows answers; one query for all of them."""
    texts = []
    for mine in groups:
        edit = next((each.edit.content for each in mine if each.edit is not None), "")
        texts += [mine[0].old.content, edit, mine[0].answer.content if mine[0].answer else ""]
    hidden = texts
    if any(mine[0].judgment.campaign.masks_identity for mine in groups):
        hidden = masked(texts, workspace=groups[0][0].judgment.workspace_id)
    shown = []
    for nth, mine in enumerate(groups):
        source = hidden if mine[0].judgment.campaign.masks_identity else texts
        old, edit, new = source[3 * nth : 3 * nth + 3]
        shown.append((old, edit, new))
    return shown


def _said_in(complaints: list[Complaint]) -> dict[int, list[str]]:
    """The words beside each complaint, by its key: the rating's comment; overall, the notes of passages and
    the reason."""
    judgments = {each.judgment_id for each in complaints}
    rated = Rating.objects.filter(judgment__in=judgments, turn=None).exclude(comment="")
    columns = ("judgment_id", "completion_id", "criterion__slug", "comment")
    comments = {tuple(of): text for *of, text in rated.order_by("pk").values_list(*columns)}
    notes: defaultdict[tuple[int, int | None], list[str]] = defaultdict(list)
    marked = Span.objects.filter(judgment__in=judgments).exclude(note="").order_by("pk")
    for judgment, completion, note in marked.values_list("judgment_id", "completion_id", "note"):
        notes[judgment, completion].append(note)
    found = {}
    for each in complaints:
        place = (each.judgment_id, each.old_id)
        if each.criterion is not None:
            words = [comments.get((*place, each.criterion.slug), "")]
        else:
            words = [*notes[place], each.judgment.critique]
        found[each.pk] = [text for text in words if text]
    return found


def _still_asked(complaints: Iterable[Complaint], member: Member) -> set[int]:
    """New answers that the member may be asked about elsewhere: beside the model's name they would tell."""
    keys = {each.answer_id for each in complaints}
    mine = Judgment.objects.current().filter(task=OuterRef("task"), member=member)
    rows = TaskCompletion.objects.filter(completion__in=keys).exclude(
        task__campaign__state=CampaignState.CLOSED
    )
    return set(rows.exclude(Exists(mine)).values_list("completion_id", flat=True))
