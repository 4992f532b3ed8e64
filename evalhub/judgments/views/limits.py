"""How much each person may judge in a day, and what they did today."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_colleague, access_member
from evalhub.accounts.choices import MemberKind
from evalhub.accounts.forms import LimitsForm
from evalhub.accounts.http import Request
from evalhub.accounts.services import set_limits
from evalhub.campaigns.services.limits import today_of

SHOWN = 500


@require_GET
@login_required
def limit_list(request: Request, workspace: str) -> HttpResponse:
    """Everybody who judges here; those who came by a join link have the link's own bound."""
    member = access_member(request.user, workspace, to="lead")
    people = member.workspace.members.active().judging().filter(kind=MemberKind.PERSON)
    context = {"member": member, "workspace": member.workspace, "people": people[:SHOWN]}
    return render(request, "judgments/limits.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def limits_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    colleague = access_colleague(member, uid)
    initial = {"most_tasks": colleague.most_tasks, "most_minutes": colleague.most_minutes}
    form = LimitsForm(request.POST or None, initial=initial)
    if form.is_valid():
        set_limits(member=colleague, by=member, **form.cleaned_data)
        messages.success(request, _("Saved; it counts from the next task on."))
        return redirect("judgments:limits", workspace)
    context = {
        "member": member,
        "workspace": member.workspace,
        "colleague": colleague,
        "form": form,
        "today": today_of(colleague),
    }
    status = 422 if form.errors else 200
    return render(request, "judgments/limits_edit.html", context, status=status)
