from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.paging import newest_first
from evalhub.datasets.access import access_dataset, access_spelling
from evalhub.datasets.services import decide_spelling


@require_GET
@login_required
def spelling_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    dataset = access_dataset(member, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "dataset": dataset,
        "page": newest_first(dataset.spellings.all(), before=request.GET.get("before", "")),
    }
    return render(request, "datasets/spelling_list.html", context)


@require_POST
@login_required
def spelling_decided(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    proposal = access_spelling(member, uid)
    decide_spelling(proposal=proposal, state=request.POST.get("state", ""), by=member)
    return redirect("datasets:spelling", workspace, proposal.dataset.uid)
