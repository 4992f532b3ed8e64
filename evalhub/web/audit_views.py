"""The audit log as a page. It stands here because audit itself lies below accounts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.audit.models import Entry
from evalhub.common.paging import newest_first


@require_GET
@login_required
def audit_log(request: Request, workspace: str) -> HttpResponse:
    """Newest first; `?verb=` and `?actor=` narrow it, nothing else is looked up."""
    member = access_member(request.user, workspace, to="own")
    entries = Entry.objects.of_workspace(workspace)
    verb, actor = request.GET.get("verb", "")[:60], request.GET.get("actor", "")[:150]
    if verb:
        entries = entries.filter(verb=verb)
    if actor:
        entries = entries.filter(actor=actor)
    context = {
        "member": member,
        "workspace": member.workspace,
        "page": newest_first(entries, before=request.GET.get("before", "")),
        "is_narrowed": bool(verb or actor),
    }
    return render(request, "audit/audit_log.html", context)
