"""Changing a campaign that is there, also while people judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.changes import FIXED_ONCE_OPEN, least_overlap
from evalhub.campaigns.choices import SHIFTS, CampaignState, TaskKind, TaskOrder, TaskType
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign, MemberShare
from evalhub.campaigns.services.campaigns import check_settings
from evalhub.campaigns.services.shares import count_shares, refresh_shares, wait_for_claims
from evalhub.campaigns.services.steering import restore_places
from evalhub.common.errors import Conflict
from evalhub.rubrics.models import RubricVersion

CHANGEABLE = (
    "title", "rubric_version", "asks", "preference_steps", "masks_identity", "overlap",
    "most_overlap", "closes_at", "people", "languages", "groups", "qualifications", "max_share",
    "task_order", "requeue", "hand_size", "content_warning", "review_share", "allows_revision",
    "allows_extra",
)  # fmt: skip


@transaction.atomic
def change_campaign(*, campaign: Campaign, by: Member, **wanted: Any) -> Campaign:
    """Change what is given and differs; whoever holds a task keeps it.

    Raises:
        Conflict: it is closed; or so much is claimed just now that a share cannot be set.
        UnfitCampaign: something stays fixed once it is open, with the reason; or the settings
            do not go together. Nothing is changed.
    """
    closes_at = wanted.get("closes_at")
    if closes_at is not None and closes_at <= timezone.now() and closes_at != campaign.closes_at:
        told = _("This moment is over; choose a later one, or none.")
        raise UnfitCampaign(told, field="closes_at")
    if unknown := sorted(set(wanted) - set(CHANGEABLE)):
        raise UnfitCampaign(_("Nothing called %(name)s can be changed.") % {"name": unknown[0]})
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if locked.state == CampaignState.CLOSED:
        raise Conflict(_("“%(title)s” is closed: it stays as it is.") % {"title": locked.title})
    before = {name: getattr(locked, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if _differs(before[name], value)}
    if not changed:
        return campaign
    _check_fixed(locked, changed)
    for name, value in changed.items():
        setattr(locked, name, value)
    now: Any = {name: getattr(locked, name) for name in CHANGEABLE if name != "rubric_version"}
    check_settings(TaskType(locked.type), now, locked.rubric_version, by.workspace)
    if changed.get("max_share") is not None:
        wait_for_claims()
    locked.save(update_fields=list(changed))
    _follow(locked, changed)
    record(
        "campaign.changed",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {locked.uid}",
        changed={name: [_told(before[name]), _told(value)] for name, value in changed.items()},
    )
    campaign.refresh_from_db()
    return campaign


def change_named(*, campaign: Campaign, by: Member, **wanted: Any) -> Campaign:
    """The same for a program, which names people by pseudonym and the rubric's version by uid.

    Raises:
        UnfitCampaign: nobody, or no version, of the workspace is called that.
    """
    if "people" in wanted:
        wanted["people"] = _keys_of(by, wanted["people"])
    if "rubric_version" in wanted:
        versions = RubricVersion.objects.filter(rubric__workspace=by.workspace_id)
        version = versions.select_related("rubric").filter(uid=wanted["rubric_version"]).first()
        if version is None:
            told = _("The workspace has no such version of a rubric.")
            raise UnfitCampaign(told, field="rubric_version")
        wanted["rubric_version"] = version
    for name in ("languages", "groups", "qualifications"):
        if name in wanted:
            wanted[name] = sorted({word.strip().lower() for word in wanted[name]})
    return change_campaign(campaign=campaign, by=by, **wanted)


def _keys_of(by: Member, names: Sequence[str]) -> list[int]:
    found = dict(
        by.workspace.members.active().filter(pseudonym__in=names).values_list("pseudonym", "pk")
    )
    if unknown := sorted(set(names) - set(found)):
        told = _("No active member of the workspace is called %(names)s.")
        raise UnfitCampaign(told % {"names": ", ".join(unknown)}, field="people")
    return sorted(found.values())


def _differs(before: Any, value: Any) -> bool:
    if isinstance(before, list):
        return sorted(before) != sorted(value)
    return bool(before != value)


def _check_fixed(campaign: Campaign, changed: dict[str, Any]) -> None:
    if "rubric_version" in changed and campaign.second_version_id is not None:
        told = _("Two wordings of this version are tried; leave out the second one first.")
        raise UnfitCampaign(told, field="rubric_version")
    if campaign.state != CampaignState.DRAFT:
        for name in changed:
            if name in FIXED_ONCE_OPEN:
                raise UnfitCampaign(str(FIXED_ONCE_OPEN[name]), field=name)
    least = least_overlap(campaign)
    if changed.get("overlap", least) < least:
        told = _("Judgments per task can only grow once it was opened; there are %(n)s.")
        raise UnfitCampaign(told % {"n": least}, field="overlap")


def _follow(campaign: Campaign, changed: dict[str, Any]) -> None:
    """What stands in the tasks and the shares, too."""
    if "overlap" in changed:
        _set_overlap(campaign)
    if "task_order" in changed:
        campaign.tasks.update(shift=SHIFTS[TaskOrder(campaign.task_order)])
    if "max_share" in changed and campaign.max_share is None:
        MemberShare.objects.filter(campaign=campaign, is_fixed=False).delete()
    elif {"max_share", "overlap"} & set(changed):
        refresh_shares(campaign)
        if "max_share" in changed:
            count_shares(campaign)


def _set_overlap(campaign: Campaign) -> None:
    shared = campaign.tasks.filter(is_reserved=False, kind__in=[TaskKind.NORMAL, TaskKind.GOLD])
    if campaign.state != CampaignState.DRAFT:  # some have grown beyond it already
        shared = shared.filter(overlap__lt=campaign.overlap)
    restore_places(shared)
    shared.update(
        overlap=campaign.overlap, open_places=F("open_places") + campaign.overlap - F("overlap")
    )


def _told(value: Any) -> Any:
    return value if isinstance(value, str | int | list | None) else str(value)
