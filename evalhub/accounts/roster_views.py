"""A list of people becomes members: a preview first, then all of it or nothing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.forms import RosterForm
from evalhub.accounts.http import Request
from evalhub.accounts.invitation_links import link_for, only_provider
from evalhub.accounts.roster import apply_roster, plan_roster
from evalhub.common.errors import DomainError


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def roster(request: Request, workspace: str) -> HttpResponse:
    """`apply` is the digest of the plan that the page has shown."""
    member = access_member(request.user, workspace, to="own")
    context: dict[str, object] = {"member": member, "workspace": member.workspace}
    form = RosterForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return render(request, "accounts/roster.html", context | {"form": form})
    text = form.cleaned_data["text"]
    if digest := request.POST.get("apply"):
        try:
            invited = apply_roster(workspace=member.workspace, text=text, digest=digest, by=member)
        except DomainError as error:
            context["refused"] = str(error)
        else:
            context["people"] = [(each, link_for(request, each)) for each in invited]
            context["by_provider"] = only_provider()
            return render(request, "accounts/roster_done.html", context)
    context["plan"] = plan_roster(workspace=member.workspace, text=text)
    context["form"] = RosterForm(initial={"text": text})
    return render(request, "accounts/roster.html", context)
