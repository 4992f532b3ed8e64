"""The annotator's page. It works without JavaScript; judge.js makes it quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_assignment, access_campaign
from evalhub.campaigns.errors import CampaignNotOpen, LeaseLost
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import criteria_of, submitted_by
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.leases import skip
from evalhub.judgments.errors import InvalidJudgment, MalformedBody, SubmissionMismatch
from evalhub.judgments.queries import documents_of, draft_of
from evalhub.judgments.services.submit import submit_judgment
from evalhub.judgments.sheet import asks_of, body_from, fields_from, text_asks_of


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def judge(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="judge")
    campaign = access_campaign(member, uid)
    typed: Mapping[str, str] | None = None
    wrong = ""
    if request.method == "POST":
        try:
            submit_judgment(
                assignment=_uid(request.POST.get("assignment", "")),
                member_pk=member.pk,
                body=body_from(request.POST),
            )
        except (InvalidJudgment, MalformedBody) as error:
            typed, wrong = request.POST, str(error)
        except (LeaseLost, SubmissionMismatch) as error:
            messages.warning(request, str(error))
            return redirect("judgments:judge", workspace, uid)
        else:
            return redirect("judgments:judge", workspace, uid)
    context = _page(member, campaign, typed=typed) | {"wrong": wrong}
    return render(request, "judgments/judge.html", context, status=422 if wrong else 200)


@never_cache
@require_GET
@login_required
def judge_next(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The task alone, for judge.js: what the member holds now, or what comes next."""
    member = access_member(request.user, workspace, to="judge")
    campaign = access_campaign(member, uid)
    return render(request, "judgments/_task.html", _page(member, campaign))


@require_POST
@login_required
def judge_skip(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="judge")
    campaign = access_campaign(member, uid)
    assignment = access_assignment(member, campaign, _uid(request.POST.get("assignment", "")))
    token = request.POST.get("token", "")
    skip(assignment=assignment, token=int(token) if token.isdecimal() else 0)
    return redirect("judgments:judge", workspace, uid)


def _page(
    member: Member, campaign: Campaign, *, typed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the page shows. It names no model and no completion."""
    context: dict[str, Any] = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "submitted": submitted_by(member, [campaign.pk]).get(campaign.pk, 0),
        "lease": None,
        "wrong": "",
        "closed": "",
    }
    try:
        lease = claim_next(campaign=campaign, member_pk=member.pk)
    except CampaignNotOpen as error:
        return context | {"closed": str(error)}
    return context if lease is None else context | _task(lease, campaign, typed)


def _task(lease: Lease, campaign: Campaign, typed: Mapping[str, str] | None) -> dict[str, Any]:
    fields = typed if typed is not None else fields_from(draft_of(lease.assignment))
    count = len(lease.responses)
    criteria = criteria_of(campaign.rubric_version_id)
    return {
        "lease": lease,
        "task": lease.public()["task"],
        "earlier": lease.conversation[:-1],
        "last": lease.conversation[-1] if lease.conversation else None,
        "documents": documents_of(lease.task),
        "asks": asks_of(campaign, criteria, count, fields),
        "texts": text_asks_of(campaign, count, fields),
        "submission_id": uuid4(),
    }


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise MalformedBody("The form names no assignment. Load the page again.") from error
