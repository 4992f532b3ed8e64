from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.common.errors import DomainError
from evalhub.valuing.choices import Aim
from evalhub.valuing.forms import ValuationForm
from evalhub.valuing.queries import newest_job, next_tasks, valuation_of, why_not
from evalhub.valuing.services import ask_by_value, stop_valuing


@require_http_methods(["GET", "POST"])
@login_required
def valuation_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What a campaign asks next and why; a lead says how it chooses. The result alone for htmx."""
    posts = request.method == "POST"
    member = access_member(request.user, workspace, to="lead" if posts else "build")
    campaign = access_campaign(member, uid)
    valuation = valuation_of(campaign)
    before = {}
    if valuation is not None:
        names = ("aim", "by_lot", "every", "threshold")
        before = {name: getattr(valuation, name) for name in names}
    form = ValuationForm(request.POST or None, initial=before, campaign=campaign)
    if form.is_valid():
        given = form.cleaned_data
        try:
            ask_by_value(
                campaign=campaign, aim=Aim(given.pop("aim")), by=member, **given,
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The tasks are being valued."))
            return redirect("valuing:detail", workspace, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "valuation": valuation,
        "job": newest_job(valuation) if valuation else None,
        "tasks": next_tasks(valuation) if valuation else [],
        "form": form,
        "why_not": why_not(campaign),
        "leads": member.has(Role.LEAD),
    }
    template = "valuing/valuation_detail.html" + ("#result" if request.htmx else "")
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
@login_required
def valuation_stop(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Leave the order as it is from now on."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    if (valuation := valuation_of(campaign)) is not None:
        stop_valuing(valuation=valuation, by=member)
        messages.success(request, _("The order stays as it is."))
    return redirect("valuing:detail", workspace, uid)
