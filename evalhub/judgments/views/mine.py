"""My work: what there is to judge, and what one has judged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_skipped
from evalhub.campaigns.errors import NotEligible
from evalhub.campaigns.services.leases import unskip
from evalhub.common.errors import Conflict
from evalhub.judgments.calibration import calibration_of
from evalhub.judgments.figures import cards_for, figures_of
from evalhub.judgments.pay.own import earnings_of
from evalhub.judgments.tabs import tabs_for
from evalhub.judgments.taken_over import taken_over_of
from evalhub.judgments.work import STATES, page_of


@require_GET
@login_required
def mine(request: Request, workspace: str) -> HttpResponse:
    """What there is to judge for the one who looks, and what they have done."""
    member = access_member(request.user, workspace, to="judge")
    context = _context(member, "campaigns") | {
        "rows": cards_for(member),
        "figures": figures_of(member),
        "calibration": calibration_of(member).whole,
        "taken_over": len(taken_over_of(member)),
        "earnings": earnings_of(member),
    }
    return render(request, "judgments/mine.html", context)


@require_GET
@login_required
def taken_over(request: Request, workspace: str) -> HttpResponse:
    """One's corrections that a later model took over: old, mine, new."""
    member = access_member(request.user, workspace, to="judge")
    context = _context(member, "taken_over") | {"rows": taken_over_of(member)}
    return render(request, "judgments/taken_over.html", context)


@require_GET
@login_required
def work(request: Request, workspace: str, state: str) -> HttpResponse:
    """One of the lists of one's own work."""
    member = access_member(request.user, workspace, to="judge")
    asked = request.GET.get("q", "")
    page, lines = page_of(member, state, before=request.GET.get("before", ""), asked=asked)
    context = _context(member, state) | {
        "page": page,
        "lines": lines,
        "asked": asked,
        "title": STATES[state].title,
        "empty": STATES[state].empty,
    }
    return render(request, "judgments/work.html", context)


@require_POST
@login_required
def take_back(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A skipped task, into the hand again."""
    member = access_member(request.user, workspace, to="judge")
    assignment = access_skipped(member, uid)
    try:
        unskip(assignment=assignment)
    except (Conflict, NotEligible) as error:
        messages.warning(request, str(error))
        return redirect("judgments:skipped", workspace)
    messages.success(request, _("It is in your hand again."))
    desk = reverse("judgments:judge", args=[workspace, assignment.campaign.uid])
    return redirect(f"{desk}?assignment={assignment.uid}")


def _context(member: Member, state: str) -> dict[str, Any]:
    around = {"member": member, "workspace": member.workspace}
    return around | {"state": state, "tabs": tabs_for(member)}
