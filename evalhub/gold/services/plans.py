from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState, TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import Conflict
from evalhub.gold.jobs.draws import follow_plan
from evalhub.gold.models import GoldPlan


@transaction.atomic
def set_plan(
    *,
    campaign: Campaign,
    share: int,
    exposure: int | None = None,
    repeat_share: int = 0,
    repeat_hours: int = 24,
    by: Member,
) -> GoldPlan:
    """How much gold each person gets, how many people are shown one, and how much is repeated.

    Args:
        share: percent of a person's tasks; 0: gold is claimed like any other task.
        exposure: None: as many people as there are.
        repeat_share: percent of a person's tasks that they are asked once more, not before
            `repeat_hours` have gone by.

    Raises:
        Conflict: the campaign is closed.
    """
    if campaign.state == CampaignState.CLOSED:
        raise Conflict(_("“%(title)s” is closed: it stays as it is.") % {"title": campaign.title})
    values = {"share": share, "exposure": exposure}
    values |= {"repeat_share": repeat_share, "repeat_hours": repeat_hours}
    plan, _created = GoldPlan.objects.update_or_create(campaign=campaign, defaults=values)
    for task in campaign.tasks.filter(kind=TaskKind.GOLD).order_by("pk"):
        follow_plan(task=task)
    record(
        "campaign.gold_set",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {campaign.uid}",
        **values,
    )
    return plan
