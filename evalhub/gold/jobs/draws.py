"""What somebody gets next, gold or a repeat: decided after their judgments, never by the claim."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState, TaskKind, TaskType
from evalhub.campaigns.models import Task
from evalhub.campaigns.services.gold import (
    add_place,
    claimed_by_all,
    keep_for_draws,
    take_unused_places,
)
from evalhub.campaigns.services.steering import repeat_task
from evalhub.common.lots import falls_on
from evalhub.gold.choices import DrawKind
from evalhub.gold.drawing import drawable, shown_to
from evalhub.gold.models import Draw, GoldPlan, Qualification
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment

MIXED_IN = (TaskKind.NORMAL, TaskKind.GOLD)
ORDERED = (TaskType.COMPARISON, TaskType.RANKING)  # responses stand beside each other
TRIED = 3  # gold tasks, where others draw the same at once


@transaction.atomic
def draw_gold(*, judgment: UUID) -> Draw | None:
    """After a judgment that counts now, maybe keep a gold for its author to get next.

    The lot falls on as many of their judgments as the campaign's plan says, by a keyed digest:
    nobody can tell on which, and a second call decides the same. Of the gold that they never had, in
    work or in an exam, what the fewest have seen comes first, and nothing that as many saw as the plan allows.
    """
    row = Judgment.objects.select_related("campaign", "task", "member").get(uid=judgment)
    plan = GoldPlan.objects.filter(campaign=row.campaign_id, share__gt=0).first()
    if plan is None or not _may_draw(row) or not is_drawn(row.uid, DrawKind.GOLD, share=plan.share):
        return None
    if (before := _drawn(row, DrawKind.GOLD)) is not None:
        return before
    member = row.member
    free = drawable(row.campaign, member, most=plan.exposure)
    free = free.filter(expert_answer__withdrawn_at=None).exclude(
        Q(expert_answer__written_by=member) | Q(expert_answer__source__member=member)
    )
    for task in free[:TRIED]:
        locked = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
        if plan.exposure is None or shown_to(locked) < plan.exposure:
            add_place(task=locked, member=member)
            return Draw.objects.create(judgment=row, kind=DrawKind.GOLD, task=locked)
    return None


@transaction.atomic
def draw_repeat(*, judgment: UUID) -> Draw | None:
    """After a judgment of a normal task, maybe ask its author the same once more, hours later.

    Responses come as they stood, which tells how steady somebody is, or the other way round, which tells
    how far they follow the place: of a pair and of a ranking alike.
    """
    about = ("campaign", "task__campaign", "member", "assignment")
    row = Judgment.objects.select_related(*about).get(uid=judgment)
    plan = GoldPlan.objects.filter(campaign=row.campaign_id, repeat_share__gt=0).first()
    if plan is None or not _may_draw(row) or row.task.kind != TaskKind.NORMAL:
        return None
    if not is_drawn(row.uid, DrawKind.REPEAT, share=plan.repeat_share):
        return None
    if (before := _drawn(row, DrawKind.REPEAT)) is not None:
        return before
    due_at = timezone.now() + timedelta(hours=plan.repeat_hours)
    swaps = _swaps(row)
    copy = repeat_task(task=row.task, member=row.member, due_at=due_at, shown=_shown(row, swaps))
    return Draw.objects.create(judgment=row, kind=DrawKind.REPEAT, task=copy, is_swapped=swaps)


def _swaps(judgment: Judgment) -> bool | None:
    """Whether a repeat stands the other way round: of each person's, at any time at least half.

    By lot where half are, so that no order tells which task is one. None: nothing stands beside another.
    """
    if judgment.campaign.type not in ORDERED or judgment.assignment is None:
        return None
    Member.objects.select_for_update(no_key=True).get(pk=judgment.member_id)  # one draw at a time
    mine = Draw.objects.filter(
        kind=DrawKind.REPEAT,
        is_swapped__isnull=False,
        judgment__member=judgment.member_id,
        judgment__campaign=judgment.campaign_id,
    )
    swapped = mine.filter(is_swapped=True).count()
    if 2 * swapped < mine.count() + 1:
        return True
    return falls_on(judgment.uid, purpose="evalhub.gold.draws.swapped", share=50)


def _shown(judgment: Judgment, swaps: bool | None) -> list[int] | None:  # noqa: FBT001  of one repeat
    if swaps is None or judgment.assignment is None:
        return None
    before = list(judgment.assignment.permutation)
    return before[::-1] if swaps else before


def is_drawn(judgment: UUID, kind: DrawKind, *, share: int) -> bool:
    """Whether the lot falls on a judgment, at `share` percent."""
    return falls_on(judgment, purpose=f"evalhub.gold.draws.{kind}", share=share)


def _drawn(judgment: Judgment, kind: DrawKind) -> Draw | None:
    return Draw.objects.filter(judgment=judgment, kind=kind).first()


def _may_draw(judgment: Judgment) -> bool:
    return (
        judgment.supersedes_id is None
        and judgment.assignment_id is not None
        and judgment.source != Source.IMPORTED
        and judgment.task.kind in MIXED_IN
        and judgment.campaign.state == CampaignState.OPEN
    )


def tidy_places() -> int:
    """Take away places of gold and repeats that nobody will fill, so that campaigns can end."""
    mixed = TaskKind.GOLD, TaskKind.REPEAT
    idle = Task.objects.open().filter(
        kind__in=mixed, is_reserved=True, campaign__in=GoldPlan.objects.values("campaign")
    )
    return sum(take_unused_places(task=task) for task in idle.order_by("pk"))


def follow_plan(*, task: Task) -> None:
    """Keep a gold for draws where its campaign mixes gold in or is a set to be passed."""
    if task.kind != TaskKind.GOLD:
        return
    mixes_in = GoldPlan.objects.filter(campaign=task.campaign_id, share__gt=0).exists()
    if mixes_in or Qualification.objects.filter(campaign=task.campaign_id).exists():
        keep_for_draws(task=task)
    elif task.is_reserved and GoldPlan.objects.filter(campaign=task.campaign_id).exists():
        claimed_by_all(task=task)
