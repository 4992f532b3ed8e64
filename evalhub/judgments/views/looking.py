"""A stored judgment: to look at, to reopen, to hand back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.common.errors import Conflict, DomainError
from evalhub.judgments.access import access_judgment, access_own_judgment
from evalhub.judgments.body import ReviseBody
from evalhub.judgments.choices import Source
from evalhub.judgments.comparing import beside_the_expert
from evalhub.judgments.errors import InvalidJudgment, MalformedBody
from evalhub.judgments.forms import ReturnForm
from evalhub.judgments.looking import judged_page, reading
from evalhub.judgments.models import Judgment
from evalhub.judgments.page import desk_page
from evalhub.judgments.services.returns import return_judgment
from evalhub.judgments.services.revise import check_current, check_revisable, revise_judgment
from evalhub.judgments.sheet import answers_from
from evalhub.judgments.work import may_reopen


@never_cache
@require_GET
@login_required
def look(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What somebody said about a task: for its author, and for those who watch."""
    member = access_member(request.user, workspace, to="view")
    return _looked_at(request, member, access_judgment(member, uid), ReturnForm())


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def revise(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Reopen what one submitted. The judging page's script takes the form alone."""
    member = access_member(request.user, workspace, to="judge")
    judgment = access_own_judgment(member, uid)
    try:
        check_revisable(judgment)
        if request.method == "GET":
            check_current(judgment)
            return _form(request, member, judgment)
        revised = _revised(request, member, judgment)
    except (InvalidJudgment, MalformedBody) as error:
        if _is_script(request):
            return _problem(error)
        return _form(request, member, judgment, typed=request.POST.dict(), wrong=str(error))
    except Conflict as error:
        if _is_script(request):
            return _problem(error)
        messages.warning(request, str(error))
        return redirect("judgments:look", workspace, uid)
    if _is_script(request):
        return HttpResponse(status=204, headers={"X-Judgment": str(revised.uid)})
    messages.success(
        request, _("Your revision counts now; the earlier judgment is kept beside it.")
    )
    return redirect("judgments:look", workspace, revised.uid)


@require_POST
@login_required
def hand_back(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A reviewer returns a judgment to its author, with the reason."""
    member = access_member(request.user, workspace, to="review")
    judgment = access_judgment(member, uid)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _looked_at(request, member, judgment, form)
    try:
        return_judgment(judgment=judgment, reason=form.cleaned_data["reason"], by=member)
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Its author finds it, with your reason, among their work."))
    return redirect("judgments:look", workspace, uid)


def _looked_at(
    request: Request, member: Member, judgment: Judgment, form: ReturnForm
) -> HttpResponse:
    is_revised = hasattr(judgment, "superseded_by")
    is_current = not is_revised and judgment.withdrawn_at is None
    is_mine = judgment.member_id == member.pk
    is_returned = hasattr(judgment, "returned")
    context = _around(member) | judged_page(judgment)
    context |= reading(context) | {
        "is_mine": is_mine,
        "is_revised": is_revised,
        "is_returned": is_returned,
        "may_reopen": is_mine and is_current and may_reopen(judgment),
        "may_return": member.has(*ROLES_FOR["review"])
        and is_current
        and not is_returned
        and judgment.source == Source.HUMAN,
        "may_be_gold": member.has(*ROLES_FOR["lead"])
        and is_current
        and judgment.is_settled
        and judgment.task.kind == TaskKind.NORMAL,
        "may_trace": member.has(*ROLES_FOR["build"]),
        "expert": beside_the_expert(judgment),
        "form": form,
    }
    return render(request, "judgments/look.html", context, status=422 if form.errors else 200)


def _form(
    request: Request,
    member: Member,
    judgment: Judgment,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: str = "",
) -> HttpResponse:
    submission = (typed or {}).get("submission_id") or uuid4()
    context = _around(member) | judged_page(judgment, typed=typed)
    context |= {
        "mode": "revise",
        "form_action": reverse("judgments:revise", args=[member.workspace.slug, judgment.uid]),
        "hidden": {"assignment": "", "submission_id": submission},
        "wrong": wrong,
    }
    if _is_script(request):
        parts = ("judgments/_text.html", "judgments/_sheet.html")
        return HttpResponse("".join(render_to_string(part, context, request) for part in parts))
    context |= desk_page(member)
    return render(request, "judgments/revise.html", context, status=422 if wrong else 200)


def _revised(request: Request, member: Member, judgment: Judgment) -> Judgment:
    fields = request.POST.dict()
    body = answers_from(fields, ReviseBody, submission_id=fields.get("submission_id", ""))
    return revise_judgment(judgment=judgment, by=member, body=body)


def _around(member: Member) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace}


def _problem(error: DomainError) -> JsonResponse:
    told = {"code": error.code, "detail": str(error), **error.data}
    return JsonResponse(told, status=error.http_status)


def _is_script(request: Request) -> bool:
    return request.headers.get("X-Requested-With") == "judge"
