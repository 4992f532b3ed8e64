"""What of a campaign may change when, and why not."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import Campaign

FIXED_ONCE_OPEN = {
    "rubric_version": _(
        "Fixed since it was opened: judgments on two versions are not answers to one question."
        " Make a new campaign for a new version."
    ),
    "asks": _("Fixed since it was opened: whoever judged before was not asked."),
    "preference_steps": _(
        "Fixed since it was opened: “clearly better” means another thing among other steps."
    ),
    "masks_identity": _(
        "Fixed since it was opened: people before and after would judge different texts."
    ),
}


def least_overlap(campaign: Campaign) -> int:
    """Judgments per task can only grow once somebody may have given one."""
    return 1 if campaign.state == CampaignState.DRAFT else campaign.overlap
