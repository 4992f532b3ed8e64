"""What the annotator's page and the checks read about one task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, MemberQuerySet
from evalhub.campaigns.access import version_of
from evalhub.campaigns.choices import AssignmentState, CampaignState
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.campaigns.queries import criteria_of
from evalhub.judgments.keys import keymap
from evalhub.judgments.models import DeskSettings, Judgment
from evalhub.judgments.question import Material, Question
from evalhub.prompts.documents import documents_in

FEWEST_AHEAD = 2  # tasks in hand: one to judge, one to go on with
MOST_PEOPLE = 50  # more make no difference to anybody's part
LOST = (AssignmentState.RELEASED, AssignmentState.EXPIRED)


def may_be_extra(assignment: Assignment) -> bool:
    """Whether what its member wrote can be submitted apart from k, now."""
    is_gone = assignment.task.open_places == 0 or assignment.campaign.state != CampaignState.OPEN
    return assignment.campaign.allows_extra and assignment.state in LOST and is_gone


def draft_of(assignment: UUID) -> Draft | None:
    """What was typed under the assignment so far, unchecked."""
    return Draft.objects.filter(assignment__uid=assignment).first()


def material_of(assignment: UUID) -> Material:
    """The texts that the task of `assignment` is about."""
    of = Assignment.objects.select_related("task__prompt", "task__campaign__rubric_version")
    return material_of_task(of.get(uid=assignment).task)


def material_of_task(task: Task) -> Material:
    rows = list(task.completions.values_list("pk", "content", "tool_calls"))
    version = task.campaign.rubric_version
    return Material(
        messages=task.prompt.messages,
        documents=[each.text for each in documents_in(task.prompt.documents)],
        contents={pk: content for pk, content, _ in rows},
        tool_calls={pk: calls for pk, _, calls in rows},
        error_types=[each["slug"] for each in version.error_types],
        severities=[each["slug"] for each in version.severities],
    )


def task_as_judged(judgment: Judgment) -> Task:
    """Its task, with the wording of the rubric that its member was shown."""
    task = judgment.task
    if judgment.rubric_version_id is not None:
        task.campaign.rubric_version = version_of(judgment.rubric_version_id)
    return task


def question_of(task: Task, *, order: Sequence[int] | None = None) -> Question:
    """What the task asks; `order` None shows the responses in its own."""
    completions = list(task.placed.order_by("place").values_list("completion_id", flat=True))
    campaign = task.campaign
    return Question(
        campaign.type,
        completions,
        range(len(completions)) if order is None else order,
        criteria_of(campaign.rubric_version_id),
        campaign.asks,
        campaign.masks_identity,
    )


def desk_of(member: Member) -> dict[str, Any]:
    """How the member likes the page to behave, for its script."""
    desk = DeskSettings.objects.filter(member=member).first() or DeskSettings(member=member)
    return {
        "keys": keymap(desk.preset, desk.keys),
        "auto_advance": desk.auto_advance,
        "auto_submit": desk.auto_submit,
    }


def active_since(member: Member, moment: datetime) -> int:
    """Active milliseconds of what the member judged since then; later edits count."""
    mine = Judgment.objects.filter(member=member, withdrawn_at=None, judged_at__gte=moment)
    total: int = mine.aggregate(total=Sum("active_ms", default=0))["total"]
    return total


def today_of(member: Member) -> dict[str, int]:
    """Judgments and active milliseconds since the member's midnight; later edits count as time."""
    mine = Judgment.objects.filter(member=member, withdrawn_at=None)
    mine = mine.filter(judged_at__date=timezone.localdate())
    sums = mine.aggregate(judged=Count("pk", filter=Q(supersedes=None)), active=Sum("active_ms"))
    return {"judged": sums["judged"], "active_ms": sums["active"] or 0}


def held_elsewhere(member: Member, campaign: Campaign) -> int:
    """Tasks in colleagues' hands that the member would get if they came back."""
    held = Assignment.objects.held().filter(member__in=_colleagues(member), campaign=campaign)
    mine = Q(assignments__member=member) | Q(completions__written_by=member)
    tasks = Task.objects.filter(pk__in=held.values("task"), is_reserved=False).exclude(mine)
    return tasks.count()


def hand_for(member: Member, campaign: Campaign) -> int:
    """How many tasks the page may hold, at least two.

    The campaign's hand, and no more than the member's part of what is left, among all who have
    judged in it; who has no colleague there yet leaves a part for one.
    """
    has_judged = Exists(Assignment.objects.filter(member=OuterRef("pk"), campaign=campaign))
    colleagues = _colleagues(member)
    if not colleagues.exists():
        return campaign.hand_size
    people = 1 + max(1, colleagues.filter(has_judged)[:MOST_PEOPLE].count())
    first = Task.objects.open().filter(campaign=campaign, is_reserved=False).order_by("rank")
    front = first[: people * campaign.hand_size]
    places: int = front.aggregate(all=Sum("open_places", default=0))["all"]
    mine = Assignment.objects.held().of_member(member).filter(campaign=campaign).count()
    part = ceil((places + mine) / people)
    return min(campaign.hand_size, max(FEWEST_AHEAD, mine, part))


def _colleagues(member: Member) -> MemberQuerySet:
    """The other annotators of the workspace."""
    theirs = Member.objects.active().with_role(Role.ANNOTATOR)
    return theirs.filter(workspace=member.workspace_id).exclude(pk=member.pk)
