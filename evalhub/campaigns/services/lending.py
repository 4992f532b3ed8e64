"""Lending a task that somebody chose, instead of the one that comes next."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.functions import TransactionNow
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState, TaskKind, TaskType
from evalhub.campaigns.eligibility import lacking
from evalhub.campaigns.errors import (
    UnfitTask,
    guidelines_first,
    not_eligible,
    not_open,
    share_reached,
)
from evalhub.campaigns.models import Assignment, Campaign, MemberShare, Task
from evalhub.campaigns.queries import has_accepted
from evalhub.campaigns.services.limits import check_today
from evalhub.campaigns.services.shares import share_of, take_share
from evalhub.campaigns.services.statements import LOCK_HAND
from evalhub.common.errors import Conflict


@transaction.atomic
def lend_chosen(*, task: Task, to: Member) -> Assignment:
    """Lend the member this task of a label campaign, by the rules of a claim.

    Raises:
        UnfitTask: it shows responses, or its answers are no data.
        Conflict: it has no place left, or the member had it already.
        CampaignNotOpen, GuidelinesNotAccepted, NotEligible, ShareReached, EnoughForToday: as in
            `claim_next`.
    """
    campaign = task.campaign
    if campaign.type != TaskType.LABEL or task.kind != TaskKind.NORMAL:
        raise UnfitTask(_("Only a normal task of a label campaign is lent by choice."))
    with connection.cursor() as cursor:  # as in a claim: its share and its day are counted once
        cursor.execute(LOCK_HAND, [to.pk])
    check_may_judge(campaign, to)
    is_taken = Task.objects.filter(pk=task.pk, open_places__gt=0, is_reserved=False)
    if Assignment.objects.filter(task=task, member=to).exists():
        raise Conflict(_("You have had this task already."))
    if not is_taken.update(open_places=F("open_places") - 1):
        raise Conflict(_("Others have judged this task meanwhile, or have it in hand."))
    take_share(campaign, to)
    return Assignment.objects.create(
        campaign=campaign,
        task=task,
        member=to,
        permutation=[],
        rank=task.rank,
        claimed_at=TransactionNow(),  # the database's, as a submit's: one clock for the time between
        expires_at=timezone.now() + timedelta(minutes=campaign.lease_minutes),
    )


def check_may_judge(campaign: Campaign, member: Member) -> None:
    """Whether a claim would lend the member anything now, whatever it is.

    Raises:
        CampaignNotOpen, GuidelinesNotAccepted, NotEligible, ShareReached, EnoughForToday: it would not.
    """
    if campaign.state != CampaignState.OPEN:
        raise not_open(campaign.title, campaign.state)
    if campaign.guidelines_id and not has_accepted(member.pk, campaign.guidelines_id):
        raise guidelines_first(campaign.title, campaign.uid)
    if told := lacking(campaign, member.pk):
        raise not_eligible(campaign.title, told)
    if member.most_tasks is not None or member.most_minutes is not None:
        check_today(member.pk)
    if campaign.max_share is not None:
        share_of(campaign, member.pk)
    share = MemberShare.objects.filter(campaign=campaign, member=member).first()
    if share is not None and share.taken >= share.most:
        raise share_reached(campaign.title, share.most)
