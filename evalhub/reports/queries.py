from __future__ import annotations

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.reports.choices import ReportKind


def kinds_of(campaign: Campaign) -> list[ReportKind]:
    """The reports that say something of such a campaign, as its pages show them."""
    silent = set()
    if campaign.type not in (TaskType.COMPARISON, TaskType.RANKING):
        silent.add(ReportKind.LEADERBOARD)
    if campaign.second_version_id is None and not campaign.halves.exists():
        silent.add(ReportKind.WORDINGS)
    return [kind for kind in ReportKind if kind not in silent]
