"""Work that came when its place was gone: its author may send it apart from k, a lead reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign, access_late, access_lost, shown_to
from evalhub.campaigns.models import Assignment
from evalhub.common.errors import Conflict
from evalhub.common.paging import newest_first
from evalhub.judgments.body import Answers, ReviseBody
from evalhub.judgments.errors import InvalidJudgment, MalformedBody
from evalhub.judgments.looking import marked_in, page_of_task
from evalhub.judgments.page import desk_page, typed_in
from evalhub.judgments.queries import may_be_extra
from evalhub.judgments.services.extra import submit_extra
from evalhub.judgments.sheet import answers_from


@require_GET
@login_required
def late_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Who wrote what too late, for the leads."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    late = Assignment.objects.late().filter(campaign=campaign)
    page = newest_first(
        late.select_related("draft", "member", "task__prompt"),
        before=request.GET.get("before", ""),
    )
    context = _around(member) | {"campaign": campaign, "page": page}
    return render(request, "judgments/late_list.html", context)


@require_GET
@login_required
def late_look(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    late = access_late(member, uid)
    fields = typed_in(late.draft, late.campaign)
    shown_to(late.task.campaign, late.member_id)
    page = page_of_task(late.task, fields, order=late.permutation)
    context = _around(member) | page | {"late": late, "marked": marked_in(page, _spans(fields))}
    context |= {
        "marks": page["marks"] | {"asked": False},  # the page lists them itself
        "asks_spans": page["marks"]["asked"],
        "mode": "read",
        "form_action": "",
        "hidden": {"assignment": ""},
    }
    return render(request, "judgments/late_look.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def extra(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """One's own late work, to be submitted apart from k."""
    member = access_member(request.user, workspace, to="judge")
    lost = access_lost(member, uid)
    if request.method == "GET":
        if may_be_extra(lost):
            return _form(request, member, lost, typed_in(lost.draft, lost.campaign))
        messages.warning(request, _("This cannot be submitted as an extra judgment now."))
        return redirect("judgments:drafts", workspace)
    fields = request.POST.dict()
    try:
        body = answers_from(fields, ReviseBody, submission_id=fields.get("submission_id", ""))
        submit_extra(assignment=lost, body=body)
    except (InvalidJudgment, MalformedBody) as error:
        return _form(request, member, lost, fields, wrong=str(error))
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("It is stored as an extra judgment, apart from the others."))
    return redirect("judgments:drafts", workspace)


def _form(
    request: Request,
    member: Member,
    lost: Assignment,
    fields: Mapping[str, str],
    *,
    wrong: str = "",
) -> HttpResponse:
    shown_to(lost.task.campaign, member.pk)
    context = _around(member) | page_of_task(lost.task, fields, order=lost.permutation)
    context |= desk_page(member) | {
        "mode": "revise",
        "form_action": reverse("judgments:extra", args=[member.workspace.slug, lost.uid]),
        "hidden": {
            "assignment": "",
            "submission_id": fields.get("submission_id") or uuid4(),
        },
        "wrong": wrong,
    }
    return render(request, "judgments/extra.html", context, status=422 if wrong else 200)


def _spans(fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """The marked passages of a draft, which nobody has checked: none where one does not fit."""
    try:
        spans = answers_from({"spans": fields.get("spans", "")}, Answers).spans
    except MalformedBody:
        return []
    told: list[dict[str, Any]] = msgspec.to_builtins(spans)
    return told


def _around(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
