from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign, shown_to
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.forms import GuidelinesForm
from evalhub.campaigns.queries import asked_in, versions_of
from evalhub.campaigns.services.guidelines import set_guidelines
from evalhub.rubrics.queries import scales_of


@require_GET
@login_required
def guidelines(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What annotators read before they judge: instructions, rubric, each point in words."""
    member = access_member(request.user, workspace, to="read")
    campaign = shown_to(access_campaign(member, uid), member.pk)
    criteria = campaign.rubric_version.criteria.order_by("position")
    context = _context(member) | {
        "campaign": campaign,
        "asked": asked_in(campaign),
        "scales": scales_of(criteria),
        "version": campaign.rubric_version,
    }
    return render(request, "campaigns/guidelines.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def guidelines_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A new version; the ones before it stay, with who accepted them."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    newest = campaign.guidelines
    initial = {"content": newest.content, "consent": newest.consent} if newest else {}
    form = GuidelinesForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            version = set_guidelines(campaign=campaign, by=member, **form.cleaned_data)
        except UnfitCampaign as error:
            form.add_error(None, str(error))
        else:
            told = _(
                "Version %(n)s is in force; everybody reads and accepts it before the next task."
            )
            messages.success(request, told % {"n": version.number})
            return redirect("campaigns:guidelines_edit", workspace, uid)
    context = _context(member) | {"campaign": campaign, "form": form}
    context |= {"versions": versions_of(campaign)}
    status = 422 if form.errors else 200
    return render(request, "campaigns/guidelines_edit.html", context, status=status)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
