"""The links of a campaign, for its leads."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.links.access import access_join_link, access_report_link
from evalhub.links.errors import UnfitLink
from evalhub.links.forms import JoinLinkForm, LinkForm
from evalhub.links.models import JoinLink, ReportLink
from evalhub.links.queries import people_by, people_csv
from evalhub.links.services.making import (
    make_join_link,
    make_report_link,
    revoke_join_link,
    revoke_report_link,
)

SHOWN = 200


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def join_links(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Those there are, and a form for another; a new one's address is in this answer only."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    form, new = JoinLinkForm(request.POST or None), None
    if form.is_valid():
        try:
            new = make_join_link(campaign=campaign, by=member, **form.cleaned_data)
        except UnfitLink as error:
            form.add_error(None, str(error))
        else:
            form = JoinLinkForm()
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "links": JoinLink.objects.filter(campaign=campaign).select_related("created_by")[:SHOWN],
        "new": new,
        "address": request.build_absolute_uri(reverse("join", args=[new.secret])) if new else "",
    }
    return render(request, "links/join_links.html", context, status=422 if form.errors else 200)


@never_cache
@require_GET
@login_required
def join_link(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Who came by it, and what they have done."""
    member = access_member(request.user, workspace, to="lead")
    link = access_join_link(member, uid)
    people = people_by(link)
    context = {
        "member": member,
        "workspace": member.workspace,
        "link": link,
        "campaign": link.campaign,
        "count": len(people),
        "finished": sum(each.participant.finished_at is not None for each in people),
        "people": people[:SHOWN],
        "is_owner": member.has(Role.OWNER),
    }
    return render(request, "links/join_link.html", context)


@never_cache
@require_GET
@login_required
def join_link_csv(request: Request, workspace: str, uid: UUID) -> StreamingHttpResponse:
    member = access_member(request.user, workspace, to="lead")
    link = access_join_link(member, uid)
    answer = StreamingHttpResponse(
        people_csv(people_by(link)), content_type="text/csv; charset=utf-8"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="joined-{link.uid}.csv"'
    return answer


@require_POST
@login_required
def join_link_revoke(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    link = access_join_link(member, uid)
    revoke_join_link(link=link, by=member)
    messages.success(request, _("The link is revoked."))
    return redirect("links:join_links", workspace, link.campaign.uid)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def report_links(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """As for join links, of those that show a client how the campaign goes."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    form, secret = LinkForm(request.POST or None), ""
    if form.is_valid():
        secret = make_report_link(campaign=campaign, by=member, **form.cleaned_data).secret
        form = LinkForm()
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "links": ReportLink.objects.filter(campaign=campaign).select_related("created_by")[:SHOWN],
        "address": request.build_absolute_uri(reverse("report", args=[secret])) if secret else "",
    }
    return render(request, "links/report_links.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def report_link_revoke(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    link = access_report_link(member, uid)
    revoke_report_link(link=link, by=member)
    messages.success(request, _("The link is revoked."))
    return redirect("links:report_links", workspace, link.campaign.uid)
