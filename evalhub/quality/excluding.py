"""Leaving somebody's judgments out of a campaign, and letting them count again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.shares import open_share, shut_share
from evalhub.campaigns.services.steering import make_room
from evalhub.common.errors import Conflict
from evalhub.judgments.models import Judgment
from evalhub.notifications.services import notify
from evalhub.quality.errors import NotPreviewed, UnfitExclusion
from evalhub.quality.models import Exclusion, ExclusionPreview

PREVIEW_HOLDS = timedelta(
    hours=1
)  # as long as what it says of a campaign that goes on is near enough


@transaction.atomic
def exclude(
    *,
    campaign: Campaign,
    member: Member,
    reason: str,
    asks_others: bool,
    preview: str,
    by: Member,
) -> Exclusion:
    """Let nothing that `member` said in the campaign count, and lend them no more of its tasks.

    What they said stays on record, and is paid; frozen builds stay as they are.

    Args:
        asks_others: make room for one judgment more on each task that they judged.
        preview: the digest of the newest `ExclusionPreview` of them, which `by` has read.

    Raises:
        UnfitExclusion: no reason was given, or they gave no judgment.
        Conflict: they are excluded already.
        NotPreviewed: what it would change was not worked out within the last hour, or once more
            since `by` read it.
    """
    if not reason.strip():
        raise UnfitExclusion(_("Say why; it stands in the audit log."), field="reason")
    theirs = Judgment.objects.own_words().filter(campaign=campaign, member=member)
    if not theirs.exists():
        raise UnfitExclusion(_("They gave no judgment here that counts."), field="member")
    if campaign.exclusions.filter(member=member, lifted_at=None).exists():
        raise Conflict(_("They are excluded already."))
    previews = ExclusionPreview.objects.filter(campaign=campaign, member=member)
    shown = previews.filter(made_at__gte=timezone.now() - PREVIEW_HOLDS).first()
    if shown is None:
        told = _("See first what would change: that was not worked out within the last hour.")
        raise NotPreviewed(told, field="member")
    if shown.digest != preview:
        told = _("What would change was worked out once more since; read that first.")
        raise NotPreviewed(told, field="preview")
    made = Exclusion.objects.create(
        campaign=campaign,
        member=member,
        reason=reason.strip(),
        excluded_by=by,
        quota=shut_share(campaign=campaign, member=member),
    )
    places = 0
    if asks_others:
        tasks = theirs.filter(task__kind=TaskKind.NORMAL).order_by().values("task")
        places = make_room(campaign=campaign, tasks=tasks)
    _tell(made, gettext_lazy("“%(title)s”: a lead has ended your part. %(reason)s"))
    _record_exclusion("member.excluded", made, by, reason=made.reason, places=places)
    return made


@transaction.atomic
def lift_exclusion(*, exclusion: Exclusion, by: Member) -> Exclusion:
    """Let what they said count again; places that were made for others stay.

    Raises:
        Conflict: it is lifted already.
    """
    rows = Exclusion.objects.filter(pk=exclusion.pk, lifted_at=None)
    if not rows.update(lifted_at=timezone.now(), lifted_by=by):
        raise Conflict(_("It is lifted already."))
    open_share(campaign=exclusion.campaign, member=exclusion.member, quota=exclusion.quota)
    _tell(exclusion, gettext_lazy("“%(title)s”: what you said counts again, and you may go on."))
    _record_exclusion("member.exclusion_lifted", exclusion, by)
    return Exclusion.objects.get(pk=exclusion.pk)


def _tell(exclusion: Exclusion, sentence: Any) -> None:  # `Any`: a lazy translation
    """Nobody is left out without a word."""
    campaign = exclusion.campaign
    about = {"title": campaign.title, "reason": exclusion.reason}
    path = reverse("judgments:mine", args=[campaign.workspace.slug])
    notify([exclusion.member], topic="exclusion", sentence=lambda: sentence % about, path=path)


def _record_exclusion(verb: str, exclusion: Exclusion, by: Member, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"member {exclusion.member.uid}",
        campaign=str(exclusion.campaign.uid),
        **details,
    )
