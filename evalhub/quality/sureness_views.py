from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.models import Campaign
from evalhub.quality.forms import SurenessForm
from evalhub.quality.models import Consensus
from evalhub.quality.sureness import as_csv, least_sure, questions_in


@require_GET
@login_required
def consensus_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What people say together of each thing that was judged, the least sure first."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    form = SurenessForm(request.GET, questions=questions_in(campaign))
    asked = form.asked() if form.is_valid() else {}
    page = least_sure(campaign, after=request.GET.get("after", ""), **asked)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "page": page,
        "query": form.query(),
        "consensus": Consensus.objects.filter(campaign=campaign).first(),
    }
    status = 422 if form.errors else 200
    return render(request, "quality/consensus_list.html", context, status=status)


@require_GET
@login_required
def consensus_csv(request: Request, workspace: str, uid: UUID) -> HttpResponseBase:
    """All of them, as they are filtered; where the filter makes no sense, the page that says so."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    form = SurenessForm(request.GET, questions=questions_in(campaign))
    if not form.is_valid():
        return consensus_list(request, workspace, uid)
    return csv_of(campaign, **form.asked())


def csv_of(
    campaign: Campaign, *, question: str = "", below: float | None = None
) -> HttpResponseBase:
    lines = as_csv(campaign, question=question, below=below)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"consensus-{campaign.uid}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
