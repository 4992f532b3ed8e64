"""The guidelines of a campaign, read and accepted."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_desk
from evalhub.campaigns.services.guidelines import accept_guidelines
from evalhub.common.errors import Conflict


@require_POST
@login_required
def accept(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Read and accepted: the guidelines of that number, if they are still the newest."""
    member, campaign = access_desk(request.user, workspace, uid)
    number = request.POST.get("number", "")
    read = campaign.guidelines_versions.filter(number=int(number) if number.isdecimal() else 0)
    if (version := read.select_related("campaign").first()) is not None:
        if version.consent and request.POST.get("consent") != "yes":
            messages.error(
                request, _("Tick the box if you agree; without it there is no work here.")
            )
            return redirect("judgments:judge", workspace, uid)
        try:
            accept_guidelines(guidelines=version, by=member)
        except Conflict as error:
            messages.warning(request, str(error))
    return redirect("judgments:judge", workspace, uid)
