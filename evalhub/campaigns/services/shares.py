"""How much of a campaign one person may judge."""

from __future__ import annotations

from django.db import OperationalError, connection, transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState
from evalhub.campaigns.eligibility import people_for
from evalhub.campaigns.errors import share_reached
from evalhub.campaigns.models import Campaign, MemberShare
from evalhub.common.errors import Conflict

COUNTED = (AssignmentState.HELD, AssignmentState.SUBMITTED)


def share_of(campaign: Campaign, member_pk: int) -> MemberShare:
    """The row that counts what the member has of a campaign with a `max_share`."""
    known = MemberShare.objects.filter(campaign=campaign, member_id=member_pk)
    if (share := known.first()) is not None:
        return share
    taken = campaign.assignments.filter(member_id=member_pk, state__in=COUNTED).count()
    new = MemberShare(
        campaign=campaign, member_id=member_pk, taken=taken, most=max(taken, most_of(campaign))
    )
    MemberShare.objects.bulk_create([new], ignore_conflicts=True)  # two tabs: the other one's
    return known.get()


def take_share(campaign: Campaign, member: Member) -> None:
    """Count one task more of the member's, who has it by now.

    Raises:
        ShareReached: they had all that they may, perhaps only since they were asked.
    """
    mine = MemberShare.objects.filter(campaign=campaign, member=member)
    is_counted = mine.filter(taken__lt=F("most")).update(taken=F("taken") + 1)
    share = None if is_counted else mine.first()
    if share is not None:
        raise share_reached(campaign.title, share.most)


def wait_for_claims() -> None:
    """Let the claims that are under way end; no other begins before this transaction is over.

    A claim that began earlier would not see a share that is made here, and not be counted in it; most
    claims only look whether there is one, so that readers have to wait too. To be called before a task
    is locked: a claim may wait for that one.

    Raises:
        Conflict: too many are under way.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("LOCK TABLE campaigns_membershare IN ACCESS EXCLUSIVE MODE")
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        told = _("Too many tasks are being claimed just now; try again in a minute.")
        raise Conflict(told) from error


def count_shares(campaign: Campaign) -> None:
    """The shares of a campaign that people judge in already; after `wait_for_claims`.

    Whoever holds or has judged some of it gets their next by a submit, which makes no row; and a claim
    that waits outside has asked already whether there is a cap.
    """
    counted = campaign.assignments.filter(state__in=COUNTED).values_list("member_id")
    taken = dict(counted.annotate(Count("pk")).order_by("member_id"))
    members = set(people_for(campaign).values_list("pk", flat=True)) | set(taken)
    members -= set(campaign.shares.values_list("member_id", flat=True))
    most = most_of(campaign)
    MemberShare.objects.bulk_create(
        MemberShare(
            campaign=campaign,
            member_id=pk,
            taken=taken.get(pk, 0),
            most=max(taken.get(pk, 0), most),
        )
        for pk in sorted(members)
    )


def refresh_shares(campaign: Campaign) -> None:
    """Another number of judgments is wanted, or another share; what somebody has they keep."""
    if campaign.max_share is not None:
        campaign.shares.filter(is_fixed=False).update(most=Greatest("taken", most_of(campaign)))


def fix_share(*, campaign: Campaign, member: Member, most: int) -> MemberShare:
    """Let somebody new judge `most` tasks of the campaign, whatever its `max_share` says."""
    return MemberShare.objects.create(campaign=campaign, member=member, most=most, is_fixed=True)


def shut_share(*, campaign: Campaign, member: Member) -> int | None:
    """Lend the member no more than what they have; return the quota of their own, if they had one."""
    share = share_of(campaign, member.pk)
    had = share.most if share.is_fixed else None
    MemberShare.objects.filter(pk=share.pk).update(most=F("taken"), is_fixed=True)
    return had


def open_share(*, campaign: Campaign, member: Member, quota: int | None) -> None:
    """The end of `shut_share`, with the quota that it returned."""
    mine = MemberShare.objects.filter(campaign=campaign, member=member)
    if quota is not None:
        mine.update(most=Greatest("taken", quota))
    elif campaign.max_share is None:
        mine.delete()
    else:
        mine.update(most=Greatest("taken", most_of(campaign)), is_fixed=False)


def most_of(campaign: Campaign) -> int:
    """Judgments that one person may give, rounded up: 40 % of 12 are 5."""
    wanted: int = campaign.tasks.aggregate(wanted=Sum("overlap", default=0))["wanted"]
    return max(1, -(-wanted * (campaign.max_share or 100) // 100))
