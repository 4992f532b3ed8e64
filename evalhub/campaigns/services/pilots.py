"""A pilot: the same few tasks to everyone, before a campaign is opened."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState, TaskKind, TaskType
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.campaigns.services.rates import inherit_pay_rate
from evalhub.campaigns.services.tasks import Shape, add_tasks

MOST_TASKS = 50
KEPT = (  # of the campaign that it is a pilot of
    "asks", "preference_steps", "masks_identity", "lease_minutes", "content_warning",
    "allows_revision", "hand_size",
)  # fmt: skip


@transaction.atomic
def start_pilot(
    *, campaign: Campaign, members: Sequence[Member], tasks: int, by: Member
) -> Campaign:
    """Open a campaign in which each of `members` judges the same tasks, drawn from `campaign`.

    It pays as the campaign does. What they say there is no part of the campaign itself, nor of a dataset that does not name it.

    Raises:
        UnfitCampaign: the campaign is no draft or has no tasks, or fewer than two people are named.
    """
    if campaign.state != CampaignState.DRAFT:
        raise UnfitCampaign(_("A pilot comes before a campaign is opened; this one was."))
    if len(members) < 2:
        told = _("Name two people or more: a pilot shows where people disagree.")
        raise UnfitCampaign(told, field="people")
    shapes = _drawn(campaign, tasks)
    if not shapes:
        raise UnfitCampaign(_("This campaign has no tasks yet; add some before you try it out."))
    number = campaign.pilots.count() + 1
    guidelines = campaign.guidelines
    pilot = create_campaign(
        workspace=campaign.workspace,
        title=_("Pilot %(n)s: %(title)s") % {"n": number, "title": campaign.title[:120]},
        rubric_version=campaign.rubric_version,
        type=TaskType(campaign.type),
        by=by,
        overlap=len(members),
        people=sorted(member.pk for member in members),
        guidelines=guidelines.content if guidelines else "",
        consent=guidelines.consent if guidelines else "",
        **{name: getattr(campaign, name) for name in KEPT},
    )
    pilot.pilot_of = campaign
    pilot.save(update_fields=["pilot_of"])
    inherit_pay_rate(pilot=pilot, by=by)
    add_tasks(campaign=pilot, items=shapes)
    open_campaign(campaign=pilot, by=by)
    record(
        "campaign.piloted",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {campaign.uid}",
        pilot=str(pilot.uid),
        people=len(members),
        tasks=len(shapes),
    )
    return pilot


def _drawn(campaign: Campaign, count: int) -> list[Shape]:
    """Some of its tasks, in the order in which they were shuffled when they were made."""
    tasks = campaign.tasks.filter(kind=TaskKind.NORMAL, archived_at=None).select_related("prompt")
    return [
        (task.prompt, [row.completion for row in task.placed.select_related("completion")])
        for task in tasks.order_by("lot", "pk")[: min(count, MOST_TASKS)]
    ]
