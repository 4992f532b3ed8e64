"""The annotator's page. It works without JavaScript; the scripts make it quick.

With them the page asks for the task alone, and every submit is answered with the one after next:
the next is on the page already (`holding` names what the page has, so that nothing comes twice).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import AtDesk, access_assignment, access_desk
from evalhub.campaigns.errors import (
    CampaignNotOpen,
    DraftChanged,
    EnoughForToday,
    GuidelinesNotAccepted,
    HandFull,
    LeaseLost,
    NotEligible,
    ShareReached,
    SomebodyElse,
    UnfitFlag,
)
from evalhub.campaigns.models import Assignment, Campaign
from evalhub.campaigns.queries import has_accepted, submitted_by
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.flags import raise_flag
from evalhub.campaigns.services.leases import save_draft, skip
from evalhub.campaigns.services.limits import check_today
from evalhub.common.errors import DomainError, NotFound
from evalhub.judgments.errors import InvalidJudgment, MalformedBody, SubmissionMismatch
from evalhub.judgments.page import desk_page, fields_in, lease_page, untouched_page
from evalhub.judgments.queries import hand_for, held_elsewhere
from evalhub.judgments.services.submit import asked_at_desk, submit, submit_judgment
from evalhub.judgments.sheet import body_from
from evalhub.judgments.views.uids import uid_in, uid_or_none

ONES_OWN_FIELDS = {"csrfmiddlewaretoken", "assignment", "token", "submission_id", "holding", "over"}


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def judge(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member, campaign = access_desk(request.user, workspace, uid)
    typed: Mapping[str, str] | None = None
    wrong = ""
    if request.method == "POST":
        fields = request.POST.dict()
        try:
            submit_judgment(
                assignment=uid_in(fields.get("assignment", "")),
                member_pk=member.pk,
                body=body_from(fields),
            )
        except (InvalidJudgment, MalformedBody) as error:
            typed, wrong = fields, str(error)
        except (LeaseLost, SubmissionMismatch) as error:
            messages.warning(request, str(error))
            return redirect("judgments:judge", workspace, uid)
        else:
            return redirect("judgments:judge", workspace, uid)
    named = request.GET.get("assignment", "")
    holding, lost = all_but(member, campaign, named), lost_of(member, campaign, named)
    try:
        context = _page(member, campaign, typed=typed, holding=holding, wanted=lost)
    except LeaseLost as error:  # to lend another task instead would look as if the work were gone
        messages.warning(request, str(error))
        return redirect("judgments:drafts", workspace)
    context |= {"submitted": _count(member, campaign), "wrong": wrong}
    context |= {"hand": hand_for(member, campaign), **desk_page(member)}
    template = "judgments/accept.html" if context["to_accept"] else "judgments/judge.html"
    return render(request, template, context, status=422 if wrong else 200)


@never_cache
@require_GET
@login_required
def judge_next(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The task alone, for the page's script: what it does not hold yet."""
    member, campaign = desk_of_page(request, workspace, uid)
    holding = [uid_in(each) for each in request.GET.get("holding", "").split(",") if each]
    return _fragment(request, _page(member, campaign, holding=holding))


@require_POST
@login_required
def judge_submit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Store a judgment; the answer is the task that the page does not have yet."""
    fields = request.POST.dict()
    named = fields.get("assignment", "")
    desk, asked = asked_at_desk(request.user, workspace, uid, uid_or_none(named))
    must_be_theirs(request, desk.member)
    assignment = uid_in(named)
    if asked is None:
        raise NotFound(_("No such assignment."))
    stored = submit(asked=asked, assignment=assignment, body=body_from(fields))
    answer = following(request, *desk, stored.next)
    answer["X-Judgment"] = str(stored.judgment)
    return answer


@require_POST
@login_required
def judge_draft(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Keep the form as it stands, unchecked, unless another version is there by now (409)."""
    member, campaign = desk_of_page(request, workspace, uid)
    assignment = _assignment(request, member, campaign)
    fields = {name: text for name, text in request.POST.items() if name not in ONES_OWN_FIELDS}
    over = request.POST.get("over")
    try:
        draft = save_draft(assignment=assignment, body={"fields": fields}, over=over)
    except DraftChanged as error:
        error.data["fields"] = fields_in(error.data.pop("body"), campaign)
        raise
    return JsonResponse({"version": draft.version, "late": draft.late})


@require_POST
@login_required
def judge_skip(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    def skip_it(assignment: Assignment, token: int) -> None:
        reason, note = request.POST.get("reason") or "other", request.POST.get("note", "")
        skip(assignment=assignment, token=token, reason=reason, note=note)

    return _handed_back(request, workspace, uid, skip_it)


@require_POST
@login_required
def judge_flag(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member, campaign = desk_of_page(request, workspace, uid)
    assignment = _assignment(request, member, campaign)
    kind, text = request.POST.get("kind", ""), request.POST.get("text", "")
    try:
        raise_flag(assignment=assignment, kind=kind, text=text, by=member)
    except UnfitFlag as error:
        if _is_script(request):
            raise
        messages.error(request, str(error))
    if _is_script(request):
        return HttpResponse(status=204)
    messages.success(request, _("The leads see it. Your work on the task stays."))
    return redirect("judgments:judge", workspace, uid)


def desk_of_page(request: Request, workspace: str, uid: UUID) -> AtDesk:
    """As `access_desk`, for the page's script, which says whose work it sends.

    Raises:
        SomebodyElse: as `must_be_theirs` does.
    """
    desk = access_desk(request.user, workspace, uid)
    must_be_theirs(request, desk.member)
    return desk


def must_be_theirs(request: Request, member: Member) -> None:
    """Raises SomebodyElse: another person has signed in meanwhile, in this browser."""
    if request.headers.get("X-Member", str(member.uid)) != str(member.uid):
        told = _("%(name)s is signed in now. This page holds somebody else’s work; it is kept.")
        raise SomebodyElse(told % {"name": request.user.username})


def _assignment(request: Request, member: Member, campaign: Campaign) -> Assignment:
    return access_assignment(member, campaign, uid_in(request.POST.get("assignment", "")))


def _handed_back(
    request: Request, workspace: str, uid: UUID, hand_back: Callable[[Assignment, int], None]
) -> HttpResponse:
    member, campaign = desk_of_page(request, workspace, uid)
    token = request.POST.get("token", "")
    try:
        hand_back(_assignment(request, member, campaign), int(token) if token.isdecimal() else 0)
    except DomainError as error:
        if _is_script(request):
            raise
        messages.warning(request, str(error))
    if _is_script(request):
        return HttpResponse(status=204)
    return redirect("judgments:judge", workspace, uid)


def _page(
    member: Member,
    campaign: Campaign,
    *,
    typed: Mapping[str, str] | None = None,
    holding: list[UUID] | None = None,
    wanted: UUID | None = None,
) -> dict[str, Any]:
    context = _shell(member, campaign)
    lease: Lease | None = None
    try:
        lease = claim_next(
            campaign=campaign, member_pk=member.pk, holding=holding or (), wanted=wanted
        )
    except CampaignNotOpen as error:
        context["closed"] = str(error)
    except GuidelinesNotAccepted:
        context["to_accept"] = campaign.guidelines
    except HandFull:
        context["hand_full"] = True
    except (EnoughForToday, NotEligible, ShareReached) as error:
        context["barred"] = str(error)
    if lease is None:
        return context | _left(member, campaign)
    return context | lease_page(lease, campaign, typed=typed)


def _shell(member: Member, campaign: Campaign) -> dict[str, Any]:
    return {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "undo_seconds": settings.EVALHUB_UNDO_SECONDS,
        "submitted": 0,  # counted where it is read: the page's script counts on by itself
        "lease": None,
        "wrong": "",
        "closed": "",
        "to_accept": None,
        "hand_full": False,
        "barred": "",
        "elsewhere": 0,
    }


def _left(member: Member, campaign: Campaign) -> dict[str, int]:
    """What a page without a task tells: how many are judged, and how many may still come."""
    submitted, elsewhere = _count(member, campaign), held_elsewhere(member, campaign)
    return {"submitted": submitted, "elsewhere": elsewhere}


def _count(member: Member, campaign: Campaign) -> int:
    return submitted_by(member, [campaign.pk]).get(campaign.pk, 0)


def all_but(member: Member, campaign: Campaign, wanted: str) -> list[UUID]:
    """What the member holds beside `wanted`, so that `wanted` comes first; nothing without it."""
    if not wanted:
        return []
    held = Assignment.objects.held().of_member(member).filter(campaign=campaign)
    return list(held.exclude(uid=uid_in(wanted)).values_list("uid", flat=True))


def lost_of(member: Member, campaign: Campaign, wanted: str) -> UUID | None:
    """`wanted`, if the member lost it and something was written about it or it has a place."""
    if not wanted:
        return None
    lost = Assignment.objects.lost().of_member(member).filter(campaign=campaign)
    lost = lost.filter(Q(draft__isnull=False) | Q(task__open_places__gt=0))
    return lost.filter(uid=uid_in(wanted)).values_list("uid", flat=True).first()


def following(
    request: Request, member: Member, campaign: Campaign, lease: Lease | None
) -> HttpResponse:
    """What the page does not have yet; the usual task without going through the templates."""
    if lease is None:
        context = _shell(member, campaign) | _left(member, campaign)
        if campaign.guidelines_id and not has_accepted(member.pk, campaign.guidelines_id):
            context["to_accept"] = campaign.guidelines
        try:
            if member.is_limited:
                check_today(member.pk)
        except EnoughForToday as error:
            context["barred"] = str(error)
        return _fragment(request, context)
    html = untouched_page(lease, campaign, csrf=get_token(request))
    if html is not None:
        return HttpResponse(html)
    return _fragment(request, _shell(member, campaign) | lease_page(lease, campaign))


def _fragment(request: Request, context: dict[str, Any]) -> HttpResponse:
    return render(request, "judgments/_task.html", context)


def _is_script(request: Request) -> bool:
    return request.headers.get("X-Requested-With") == "judge"
