from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evalhub.common.errors import Conflict, DomainError, Forbidden


class HandFull(Conflict):
    code = "hand_full"


class CampaignNotOpen(Conflict):
    code = "campaign_not_open"


class LeaseLost(Conflict):
    """The task went to somebody else, or its time ran out; what was sent is kept as a draft."""

    code = "lease_lost"


class DraftChanged(Conflict):
    """Somebody (the same person, in another tab) wrote another version; theirs comes with it."""

    code = "draft_changed"


class SomebodyElse(Conflict):
    """The page belongs to another member than the one who is signed in now."""

    code = "somebody_else"


class UnfitCampaign(DomainError):
    code, http_status = "unfit_campaign", 422


class UnfitTask(DomainError):
    code, http_status = "unfit_task", 422


class MalformedCall(DomainError):
    """The JSON is not of the documented shape."""

    code, http_status = "malformed", 400


class UnfitFlag(DomainError):
    code, http_status = "unfit_flag", 422


class GuidelinesNotAccepted(Conflict):
    """There is something to read and accept before the next task."""

    code = "guidelines_not_accepted"


class NotEligible(Forbidden):
    """The campaign asks for a language, a group or a qualification that the member lacks."""

    code = "not_eligible"


class ShareReached(Conflict):
    """Nobody may give more than their share of the campaign's judgments."""

    code = "share_reached"


class EnoughForToday(Conflict):
    """The member has judged as much as they may in a day; what they hold stays theirs."""

    code = "enough_for_today"


class UnfitSkip(DomainError):
    code, http_status = "unfit_skip", 422


class UnfitPayRate(DomainError):
    code, http_status = "unfit_pay_rate", 422


# What more than one service says


NOT_OPEN: dict[str, Any] = {  # by state; `Any`: lazy translations
    "draft": gettext_lazy("“%(title)s” is draft; nothing to judge there now."),
    "paused": gettext_lazy("“%(title)s” is paused; nothing to judge there now."),
    "closed": gettext_lazy("“%(title)s” is closed; nothing to judge there now."),
}


def not_open(title: str, state: str) -> CampaignNotOpen:
    return CampaignNotOpen(str(NOT_OPEN[state]) % {"title": title})


def guidelines_first(title: str, campaign: UUID) -> GuidelinesNotAccepted:
    told = _("Read and accept the guidelines of “%(title)s” first.") % {"title": title}
    return GuidelinesNotAccepted(told, campaign=str(campaign))


def hand_full(held: int) -> HandFull:
    told = _("You hold %(n)s tasks of this campaign; submit or release one first.")
    return HandFull(told % {"n": held}, held=held)


def not_eligible(title: str, lacking: list[str]) -> NotEligible:
    told = _("“%(title)s” needs %(lacking)s. An owner of the workspace can say who has that.")
    return NotEligible(told % {"title": title, "lacking": "; ".join(lacking)}, lacking=lacking)


def enough_for_today(back_at: datetime) -> EnoughForToday:
    told = _("Enough for today: back on %(when)s.")
    shown = date_format(back_at, "SHORT_DATETIME_FORMAT")
    return EnoughForToday(told % {"when": shown}, back_at=back_at.isoformat())


def taken_by_others() -> LeaseLost:
    return LeaseLost(_("Others have judged this task meanwhile, or have it in hand."))


def share_reached(title: str = "", most: int = 0) -> ShareReached:
    told = _("You have judged as much of “%(title)s” as one person may: %(n)s tasks. Thank you.")
    return ShareReached(told % {"title": title, "n": most})
