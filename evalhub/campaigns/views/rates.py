from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.forms import PayRateForm
from evalhub.campaigns.services.rates import set_pay_rate


@require_http_methods(["GET", "POST"])
@login_required
def pay_rates(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What a judgment earns, and what it earned before."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    rates = list(campaign.pay_rates.select_related("created_by"))
    newest = rates[0] if rates else None
    initial = {"currency": newest.currency, "unit": newest.unit} if newest else {}
    form = PayRateForm(request.POST or None, is_first=newest is None, initial=initial)
    if form.is_valid():
        set_pay_rate(campaign=campaign, by=member, **form.cleaned_data)
        messages.success(request, _("The rate is set."))
        return redirect("campaigns:pay_rates", workspace, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "rates": rates,
        "is_owner": member.has(Role.OWNER),
    }
    status = 422 if form.errors else 200
    return render(request, "campaigns/pay_rates.html", context, status=status)
