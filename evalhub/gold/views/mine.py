"""One's own gold: how one did, and what to do about it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.paging import newest_first
from evalhub.gold.models import GoldVerdict
from evalhub.gold.queries import passed_by
from evalhub.judgments.calibration import calibration_of
from evalhub.judgments.tabs import tabs_for


@require_GET
@login_required
def calibration(request: Request, workspace: str) -> HttpResponse:
    """One's answers beside the expert's, after the fact; each with its evidence."""
    member = access_member(request.user, workspace, to="judge")
    verdicts = GoldVerdict.objects.of_member(member).select_related(
        "judgment", "task__prompt", "campaign", "appeal"
    )
    context = {
        "member": member,
        "workspace": member.workspace,
        "state": "calibration",
        "tabs": tabs_for(member),
        "calibration": calibration_of(member),
        "passed": passed_by(member),
        "page": newest_first(verdicts, before=request.GET.get("before", "")),
    }
    return render(request, "gold/calibration.html", context)
