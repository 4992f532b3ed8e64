from __future__ import annotations

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
from evalhub.quality.forms import AlertsForm
from evalhub.quality.models import AlertRule
from evalhub.quality.services import set_alerts


@require_http_methods(["GET", "POST"])
@login_required
def alerts(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """When the leads want to be told about a campaign."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    rules = AlertRule.objects.filter(campaign=campaign)
    form = AlertsForm(request.POST or None, initial={rule.measure: rule.bound for rule in rules})
    if form.is_valid():
        set_alerts(campaign=campaign, bounds=form.bounds(), by=member)
        messages.success(request, _("Saved. They are looked at every five minutes."))
        return redirect("quality:alerts", workspace, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "rules": rules,
    }
    return render(request, "quality/alerts.html", context, status=422 if form.errors else 200)
