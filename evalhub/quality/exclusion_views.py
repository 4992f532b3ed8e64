from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError
from evalhub.quality.access import access_exclusion
from evalhub.quality.excluding import exclude, lift_exclusion
from evalhub.quality.exclusions import people_in
from evalhub.quality.forms import ExclusionForm
from evalhub.quality.models import ExclusionPreview
from evalhub.quality.previews import start_preview


@require_http_methods(["GET", "POST"])
@login_required
def exclusions(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Whoever is left out of a campaign; for `?member=` what leaving them out would change, as it was last
    worked out. htmx asks every two seconds for the live part until that is done.
    """
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    people = people_in(campaign)
    chosen = _named(people, request.GET.get("member", ""))
    form = ExclusionForm(request.POST or None)
    if chosen is not None and form.is_valid():
        try:
            exclude(
                campaign=campaign,
                member=chosen,
                reason=form.cleaned_data["reason"],
                asks_others=form.cleaned_data["asks_others"],
                preview=request.POST.get("preview", ""),
                by=member,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            told = _("Nothing that %(who)s said counts any more.")
            messages.success(request, told % {"who": chosen})
            return redirect("quality:exclusions", workspace, uid)
    current = campaign.exclusions.filter(lifted_at=None)
    left_out = {each.member_id for each in current}
    newest = previews_of(campaign, chosen).first()
    context: dict[str, Any] = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "exclusions": campaign.exclusions.select_related("member", "excluded_by", "lifted_by"),
        "people": [each for each in people if each.pk not in left_out],
        "chosen": chosen,
        "preview": previews_of(campaign, chosen).exclude(made_at=None).first(),
        "job": None if newest is None or newest.made_at else newest.job,
        "form": form,
    }
    status = 422 if form.errors else 200
    template = "quality/exclusions.html" + ("#live" if request.htmx else "")
    return render(request, template, context, status=status)


@require_POST
@login_required
def exclusion_preview(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Have it worked out what leaving somebody out would change."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    chosen = _named(people_in(campaign), request.POST.get("member", ""))
    if chosen is None:
        messages.warning(request, _("They gave no judgment here that counts."))
        return redirect("quality:exclusions", workspace, uid)
    start_preview(campaign=campaign, member=chosen, by=member)
    page = reverse("quality:exclusions", args=[workspace, uid])
    return redirect(f"{page}?member={chosen.uid}")


@require_POST
@login_required
def exclusion_lift(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Let what they said count again."""
    member = access_member(request.user, workspace, to="lead")
    exclusion = access_exclusion(member, uid)
    try:
        lift_exclusion(exclusion=exclusion, by=member)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        told = _("What %(who)s said counts again.")
        messages.success(request, told % {"who": exclusion.member})
    return redirect("quality:exclusions", workspace, exclusion.campaign.uid)


def previews_of(campaign: Campaign, member: Member | None) -> QuerySet[ExclusionPreview]:
    rows = ExclusionPreview.objects.filter(campaign=campaign, member=member)
    return rows.select_related("job")


def _named(people: list[Member], uid: str) -> Member | None:
    return next((each for each in people if str(each.uid) == uid), None)
