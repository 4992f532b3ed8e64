from __future__ import annotations

from functools import partial

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import Campaign
from evalhub.notifications.services import notify
from evalhub.quality.alerts import Day, is_wrong, last_day_of, value_of
from evalhub.quality.choices import Measure
from evalhub.quality.models import AlertRule
from evalhub.quality.settling import settle, unsettled

log = structlog.get_logger(__name__)


def check_alerts() -> int:
    """Look at every rule of an open campaign; return how many have fired just now."""
    rules = AlertRule.objects.filter(campaign__state=CampaignState.OPEN)
    fired = 0
    for rule in rules.select_related("campaign__workspace").order_by("pk"):
        value = value_of(rule.campaign, Measure(rule.measure))
        fired += _look(rule, value)
    return fired


@transaction.atomic
def _look(rule: AlertRule, value: float | None) -> bool:
    now = timezone.now()
    locked = AlertRule.objects.select_for_update().filter(pk=rule.pk).first()
    if locked is None:  # taken away meanwhile
        return False
    locked.value, locked.looked_at = value, now
    wrong = value is not None and is_wrong(value, Measure(locked.measure), locked.bound)
    fires = wrong and locked.fired_at is None
    if fires:
        locked.fired_at = now
        told = partial(_fired, locked, rule.campaign, f"{value:.3g}")
        notify(_leads(rule.campaign), topic="alert", sentence=told, path=_page(rule.campaign))
    elif value is not None and not wrong:
        locked.fired_at = None
    locked.save(update_fields=["value", "looked_at", "fired_at"])
    return fires


def _fired(rule: AlertRule, campaign: Campaign, value: str) -> str:
    told = _("“%(title)s”: %(rule)s (now %(value)s).")
    return told % {"title": campaign.title, "rule": rule, "value": value}


def send_digests() -> int:
    """Tell the leads what each open campaign got in the last 24 hours; once a day, UTC."""
    today = timezone.now().date().isoformat()
    told = 0
    campaigns = Campaign.objects.open().select_related("workspace").order_by("pk")
    for campaign in campaigns:
        told += notify(
            _leads(campaign),
            topic="digest",
            sentence=partial(_in_words, last_day_of(campaign)),
            path=_page(campaign),
            once=f"digest {campaign.uid} {today}",
        )
    return told


def _in_words(day: Day) -> str:
    parts = [
        ngettext("%(n)s judgment", "%(n)s judgments", day.judgments) % {"n": day.judgments},
        ngettext("%(n)s flag", "%(n)s flags", day.flags) % {"n": day.flags},
        ngettext("%(n)s open question", "%(n)s open questions", day.questions)
        % {"n": day.questions},
        _("%(percent)s %% of all") % {"percent": day.progress.percent},
    ]
    if day.expected is not None:
        parts.append(_("done about %(when)s") % {"when": date_format(day.expected, "j M")})
    told = _("“%(title)s” in the last 24 hours: %(figures)s.")
    return told % {"title": day.campaign.title, "figures": ", ".join(parts)}


def settle_all() -> int:
    """Bring the consensus of every campaign that has news up to date; return how many had.

    One that fails is logged, so that it does not keep the others waiting for ever.
    """
    settled = 0
    for key in unsettled():
        try:
            settled += settle(Campaign.objects.get(pk=key)) is not None
        except Exception:  # whatever it is, the next round tries it again
            log.exception("consensus.not_settled", campaign=key)
    return settled


def _leads(campaign: Campaign) -> list[Member]:
    leads = campaign.workspace.members.active().with_role(Role.LEAD, Role.OWNER)
    return list(leads.exclude(user=None).order_by("pk"))


def _page(campaign: Campaign) -> str:
    return reverse("campaigns:detail", args=[campaign.workspace.slug, campaign.uid])
