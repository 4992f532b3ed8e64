"""Reviewers look at a share of what people judged: accept it, fix it, hand it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import Conflict, NotFound
from evalhub.common.paging import newest_first
from evalhub.judgments.access import access_review
from evalhub.judgments.body import ReviseBody
from evalhub.judgments.errors import InvalidJudgment, MalformedBody
from evalhub.judgments.forms import ReturnForm
from evalhub.judgments.looking import judged_page, reading
from evalhub.judgments.models import Review
from evalhub.judgments.page import desk_page
from evalhub.judgments.reviewing import found_in, waiting_for_review
from evalhub.judgments.services.review import (
    accept_judgment,
    fix_judgment,
    lend_review,
    return_reviewed,
    take_review,
)
from evalhub.judgments.sheet import answers_from


class Reviewing(NamedTuple):
    member: Member
    review: Review


@require_GET
@login_required
def review_list(request: Request, workspace: str) -> HttpResponse:
    """The campaigns that have a review, newest first, and how much waits in each."""
    member = access_member(request.user, workspace, to="review")
    campaigns = Campaign.objects.of_workspace(member.workspace).filter(review_share__gt=0)
    page = newest_first(campaigns, before=request.GET.get("before", ""))
    waiting = waiting_for_review(page.rows, member)
    rows = [(campaign, waiting.get(campaign.pk, 0)) for campaign in page]
    context = _around(member) | {"page": page, "rows": rows}
    return render(request, "judgments/review_list.html", context)


@require_GET
@login_required
def campaign_reviews(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What waits in a campaign, and what was found of each person's work."""
    member = access_member(request.user, workspace, to="review")
    campaign = access_campaign(member, uid)
    context = _around(member) | {
        "campaign": campaign,
        "waiting": waiting_for_review([campaign], member).get(campaign.pk, 0),
        "found": found_in(campaign),
    }
    return render(request, "judgments/campaign_reviews.html", context)


@require_POST
@login_required
def next_review(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="review")
    return _next(request, member, access_campaign(member, uid))


@never_cache
@require_GET
@login_required
def review(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """One judgment beside its task. It does not say whose it is."""
    member, row = _reviewing(request, workspace, uid)
    if row.verdict:
        return redirect("judgments:look", workspace, row.judgment.uid)
    try:
        take_review(review=row, by=member)
    except Conflict as error:
        messages.warning(request, str(error))
        return redirect("judgments:reviews", workspace, row.campaign.uid)
    return _shown(request, member, row, ReturnForm())


@require_POST
@login_required
def review_accept(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member, row = _reviewing(request, workspace, uid)
    try:
        accept_judgment(review=row, seen=_seen(request), by=member)
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Accepted."))
    return _next(request, member, row.campaign)


@require_POST
@login_required
def review_return(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member, row = _reviewing(request, workspace, uid)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _shown(request, member, row, form)
    reason = form.cleaned_data["reason"]
    try:
        return_reviewed(review=row, seen=_seen(request), reason=reason, by=member)
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Its author finds it, with your reason, among their work."))
    return _next(request, member, row.campaign)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def review_fix(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The author's answers in a form; what the reviewer submits takes their place."""
    member, row = _reviewing(request, workspace, uid)
    try:
        if request.method == "GET":
            take_review(review=row, by=member)
            return _form(request, member, row)
        fields = request.POST.dict()
        body = answers_from(fields, ReviseBody, submission_id=fields.get("submission_id", ""))
        fix_judgment(review=row, seen=_seen(request), body=body, by=member)
    except (InvalidJudgment, MalformedBody) as error:
        return _form(request, member, row, typed=request.POST.dict(), wrong=str(error))
    except Conflict as error:
        messages.warning(request, str(error))
        return redirect("judgments:reviews", workspace, row.campaign.uid)
    messages.success(
        request, _("Your answers count now; what its author said is kept beside them.")
    )
    return _next(request, member, row.campaign)


def _reviewing(request: Request, workspace: str, uid: UUID) -> Reviewing:
    member = access_member(request.user, workspace, to="review")
    return Reviewing(member, access_review(member, uid))


def _next(request: Request, member: Member, campaign: Campaign) -> HttpResponse:
    """On to what waits longest; nothing: the page of the campaign's reviews."""
    coming = lend_review(campaign=campaign, by=member)
    if coming is not None:
        return redirect("judgments:review", member.workspace.slug, coming.uid)
    messages.info(request, _("Nothing waits for your review here."))
    return redirect("judgments:reviews", member.workspace.slug, campaign.uid)


def _seen(request: Request) -> UUID:
    """The judgment that was on the page; a page that does not say so is none of ours."""
    try:
        return UUID(request.POST.get("seen", ""))
    except ValueError as error:
        raise NotFound(_("No such judgment.")) from error


def _shown(request: Request, member: Member, row: Review, form: ReturnForm) -> HttpResponse:
    context = _around(member) | judged_page(row.judgment)
    context |= reading(context) | {
        "review": row,
        "form": form,
        "waiting": waiting_for_review([row.campaign], member).get(row.campaign_id, 0),
    }
    return render(request, "judgments/review.html", context, status=422 if form.errors else 200)


def _form(
    request: Request,
    member: Member,
    row: Review,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: str = "",
) -> HttpResponse:
    submission = (typed or {}).get("submission_id") or uuid4()
    seen = (typed or {}).get("seen") or row.judgment.uid
    context = _around(member) | judged_page(row.judgment, typed=typed) | desk_page(member)
    context |= {
        "review": row,
        "mode": "revise",
        "form_action": reverse("judgments:review_fix", args=[member.workspace.slug, row.uid]),
        "hidden": {"assignment": "", "submission_id": submission, "seen": seen},
        "wrong": wrong,
    }
    return render(request, "judgments/review_fix.html", context, status=422 if wrong else 200)


def _around(member: Member) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace}
