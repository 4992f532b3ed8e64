"""The leads' queue of what annotators flag and ask."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign, access_flag
from evalhub.campaigns.errors import UnfitFlag, UnfitTask
from evalhub.campaigns.forms import AnswerForm
from evalhub.campaigns.models import Campaign, Flag
from evalhub.campaigns.services.flags import answer_flag
from evalhub.common.errors import Conflict, NotFound
from evalhub.common.paging import newest_first


@require_GET
@login_required
def flag_list(request: Request, workspace: str) -> HttpResponse:
    """Open ones; `show=answered` for the others, `campaign` for those of one campaign."""
    member = access_member(request.user, workspace, to="lead")
    flags = Flag.objects.filter(campaign__workspace=member.workspace_id)
    campaign: Campaign | None = None
    if asked := request.GET.get("campaign"):
        campaign = access_campaign(member, _uid(asked))
        flags = flags.of_campaign(campaign)
    is_answered = request.GET.get("show") == "answered"
    chosen = flags.filter(answered_at__isnull=False) if is_answered else flags.open()
    chosen = chosen.select_related("campaign", "member", "answered_by", "task__prompt")
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "is_answered": is_answered,
        "open_count": flags.open().count(),
        "page": newest_first(chosen, before=request.GET.get("before", ""), size=25),
    }
    return render(request, "campaigns/flag_list.html", context)


@require_POST
@login_required
def flag_answer(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    flag = access_flag(member, uid)
    form = AnswerForm(request.POST)
    try:
        if not form.is_valid():
            raise UnfitFlag(_("The answer is too long: at most 10,000 characters."))
        answer_flag(flag=flag, by=member, **form.cleaned_data)
    except (Conflict, UnfitFlag, UnfitTask) as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Settled. The annotator reads it in their work."))
    back = reverse("campaigns:flags", args=[workspace])
    narrowed = f"?campaign={flag.campaign.uid}" if request.POST.get("campaign") else ""
    return redirect(f"{back}{narrowed}")


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(_("No such campaign.")) from error
