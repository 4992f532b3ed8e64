"""News that tasks are to be valued anew for: a judgment counts."""

from __future__ import annotations

from evalhub.campaigns.choices import CampaignState
from evalhub.jobs.models import News
from evalhub.judgments.models import Judgment
from evalhub.valuing.models import Valuation
from evalhub.valuing.queries import is_due
from evalhub.valuing.services import queue_valuing


def judgment_counted(news: News) -> None:
    """Most judgments are of campaigns that ask by lot: one look-up by the judgment's own key."""
    campaigns = Judgment.objects.filter(uid=news.subject_uid).values("campaign_id")
    rows = Valuation.objects.filter(
        is_on=True, campaign_id__in=campaigns, campaign__state=CampaignState.OPEN
    )
    for valuation in rows.select_related("campaign__workspace"):
        if is_due(valuation):
            queue_valuing(valuation)
