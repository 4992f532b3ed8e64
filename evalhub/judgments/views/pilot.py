from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import progress_of
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.pilots import start_pilot
from evalhub.judgments.forms import PilotForm
from evalhub.judgments.pilot import disputed_in, questions_of
from evalhub.rubrics.models import RubricVersion

SHOWN = 10  # tasks


@require_http_methods(["GET", "POST"])
@login_required
def pilot(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Try a draft out with a few people, and see where they disagree."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    form = PilotForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        given = form.cleaned_data
        try:
            start_pilot(
                campaign=campaign, members=list(given["people"]), tasks=given["tasks"], by=member
            )
        except UnfitCampaign as error:
            form.add_error("people" if error.data.get("field") else None, str(error))
        else:
            messages.success(request, _("The pilot is open for the people you named."))
            return redirect("judgments:pilot", workspace, uid)
    newest = campaign.pilots.select_related("rubric_version__rubric", "guidelines").first()
    disputed = disputed_in(newest) if newest else []
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form if campaign.state == CampaignState.DRAFT else None,
        "newest": newest,
        "progress": progress_of(newest) if newest else None,
        "disputed": [each for each in disputed if each.is_disputed][:SHOWN],
        "agreed": sum(not each.is_disputed for each in disputed),
        "questions": questions_of(disputed),
        "newer": _newer(campaign),
    }
    return render(request, "judgments/pilot.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def pilot_version(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Take the newest version of the rubric, reworded after a pilot, for the campaign."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    newer = _newer(campaign)
    if newer is not None:
        change_campaign(campaign=campaign, by=member, rubric_version=newer)
        messages.success(request, _("The campaign asks by %(version)s now.") % {"version": newer})
    return redirect("judgments:pilot", workspace, uid)


def _newer(campaign: Campaign) -> RubricVersion | None:
    """The newest published version of the rubric, if the campaign has an older one."""
    version = campaign.rubric_version
    newest = (
        RubricVersion.objects.filter(rubric=version.rubric_id, published_at__isnull=False)
        .select_related("rubric")
        .order_by("-number")
        .first()
    )
    return newest if newest is not None and newest.number > version.number else None
