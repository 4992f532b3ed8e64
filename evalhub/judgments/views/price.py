from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.choices import PayUnit, TaskType
from evalhub.campaigns.models import Campaign, PayRate
from evalhub.campaigns.queries import Progress, progress_of
from evalhub.judgments.forms import PriceForm
from evalhub.judgments.models import PriceForecast
from evalhub.judgments.pace import people_of
from evalhub.judgments.price import (
    MS_PER_HOUR,
    History,
    Price,
    Rate,
    assuming,
    growth_of,
    history_of,
    price_of,
    seen_in,
)
from evalhub.judgments.services.price import keep_forecast
from evalhub.stats.growing import Grown

GUESSED_RATE = {"rate": 20, "unit": PayUnit.HOUR}  # where the campaign has no pay rate


class Spent(NamedTuple):
    """What came so far: the hours of those judgments whose time is known, and how many these are."""

    judgments: int
    timed: int
    hours: float


@require_http_methods(["GET", "POST"])
@login_required
def price(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """GET tells the price of what the form says; POST keeps it, to be held against what comes."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    given = request.POST if request.method == "POST" else request.GET
    history, pays = history_of(campaign), campaign.pay_rates.first()
    form = PriceForm(given if "difference" in given else _first(campaign, pays))
    told: Price | None = None
    kept = PriceForecast.objects.filter(campaign=campaign).select_related("created_by").first()
    spent = _spent(campaign)
    if form.is_valid():
        history = _known_better(history, form.cleaned_data)
        told = _priced(campaign, history, form.cleaned_data)
        if request.method == "POST":
            keep_forecast(campaign=campaign, assumed=history.assumed, told=told.planned, by=member)
            messages.success(request, _("Kept: it stands here beside what comes."))
            return redirect("judgments:price", workspace, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "assumed": history.assumed,
        "pays": pays,
        "price": told,
        "growth_unknown": (campaign.most_overlap or 0) > campaign.overlap and not history.judged,
        "is_comparison": campaign.type == TaskType.COMPARISON,
        "kept": kept,
        "came": seen_in(campaign).assumed,
        "spent": spent,
        "cost_so_far": _cost_so_far(spent, kept, told),
        "currency": pays.currency if pays else "",
    }
    return render(request, "judgments/price.html", context, status=422 if form.errors else 200)


def _first(campaign: Campaign, pays: PayRate | None) -> dict[str, Any]:
    wanted = 5 if campaign.type == TaskType.COMPARISON else 0.25
    rate = GUESSED_RATE if pays is None else {"rate": float(pays.amount), "unit": pays.unit}
    return {"difference": wanted, "overlap": campaign.overlap} | rate


def _known_better(history: History, given: dict[str, Any]) -> History:
    seconds, ties = given["seconds"], given["ties"]
    return assuming(
        history,
        ms_each=None if seconds is None else 1000 * seconds,
        ties=None if ties is None else ties / 100,
        correlation=given["correlation"],
    )


def _priced(campaign: Campaign, history: History, given: dict[str, Any]) -> Price:
    in_percent = campaign.type == TaskType.COMPARISON
    progress = progress_of(campaign)
    return price_of(
        campaign,
        history,
        judgments=progress.wanted,
        grown=_grown(campaign, history, progress),
        difference=given["difference"] / 100 if in_percent else given["difference"],
        overlap=given["overlap"],
        people=given["people"],
        rate=Rate(given["rate"], PayUnit(given["unit"])),
    )


def _grown(campaign: Campaign, history: History, progress: Progress) -> Grown | None:
    """All of the campaign's judgments: what it wants so far, and what its other tasks may grow by."""
    left = round(progress.tasks * (1 - progress.done / progress.wanted)) if progress.wanted else 0
    more = growth_of(campaign, history, tasks=left)
    if more is None:
        return None
    before = progress.wanted - left * campaign.overlap
    return Grown(before + more.value, before + more.low, before + more.high)


def _cost_so_far(spent: Spent, kept: PriceForecast | None, told: Price | None) -> float | None:
    """At the rate of the forecast that was kept, so that like stands beside like; else of the form's."""
    if kept is not None:
        return kept.cost_of(judgments=spent.judgments, hours=spent.hours)
    if told is not None:
        return told.planned.rate.of(judgments=spent.judgments, hours=spent.hours)
    return None


def _spent(campaign: Campaign) -> Spent:
    people = people_of(campaign)
    return Spent(
        judgments=sum(person.judged for person in people),
        timed=sum(person.timed for person in people),
        hours=sum(person.active_ms for person in people) / MS_PER_HOUR,
    )
