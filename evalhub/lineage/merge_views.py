from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.paging import newest_first
from evalhub.lineage.models import SplitMerge


@require_GET
@login_required
def merge_list(request: Request, workspace: str) -> HttpResponse:
    """Prompts that lost their split, and the builds, models and evaluations that it touches."""
    member = access_member(request.user, workspace, to="build")
    merges = SplitMerge.objects.filter(workspace=member.workspace).prefetch_related(
        "builds__dataset", "trained", "evaluations__model", "evaluations__run", "later__prompts"
    )
    context = {
        "member": member,
        "workspace": member.workspace,
        "page": newest_first(merges, before=request.GET.get("before", "")),
    }
    return render(request, "lineage/merge_list.html", context)
