"""My work: what there is to judge, and what one has judged."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.queries import campaigns_for


@require_GET
@login_required
def mine(request: Request, workspace: str) -> HttpResponse:
    """What there is to judge for the one who looks."""
    member = access_member(request.user, workspace, to="judge")
    context = {"member": member, "workspace": member.workspace, "rows": campaigns_for(member)}
    return render(request, "judgments/mine.html", context)
