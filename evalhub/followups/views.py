from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.followups.access import access_follow_up, follow_ups, named_by
from evalhub.followups.choices import Finding, FollowUpState
from evalhub.followups.feed import counts_of, feed_of, followed
from evalhub.followups.forms import FollowUpForm
from evalhub.followups.models import Complaint, FollowUp
from evalhub.followups.services import end_follow_up, start_follow_up
from evalhub.followups.telling import (
    headline,
    in_short,
    left_out,
    lines_of,
    progress_of,
    tasks_without_people,
)
from evalhub.judgments.tabs import tabs_for

EXAMPLES = 20


@require_GET
@login_required
def follow_up_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    about = {name: request.GET.get(name, "") for name in ("model", "campaign")}
    rows = named_by(follow_ups().filter(workspace=member.workspace), about)
    page = newest_first(rows, before=request.GET.get("before", ""))
    context = _context(member) | {
        "page": page,
        "rows": [(each, in_short(each)) for each in page],
        "about": urlencode({name: uid for name, uid in about.items() if uid}),
        "may_start": member.has(Role.ENGINEER),
    }
    return render(request, "followups/follow_up_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def follow_up_new(request: Request, workspace: str) -> HttpResponse:
    """Ask whether a model learned what people said."""
    member = access_member(request.user, workspace, to="engineer")
    asked = {name: request.GET.get(name, "") for name in ("model", "campaign", "collection")}
    form = FollowUpForm(request.POST or None, initial=asked, workspace=member.workspace)
    if form.is_valid():
        given = form.cleaned_data
        try:
            follow_up = start_follow_up(
                model=given["model"], about=given["about"], votes=given["votes"],
                most_prompts=given["most_prompts"], max_new_tokens=given["max_new_tokens"],
                accepts_simulated=given["accepts_simulated"], by=member,
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("followups:detail", workspace, follow_up.uid)
    status = 422 if form.errors else 200
    return render(
        request, "followups/follow_up_new.html", _context(member) | {"form": form}, status=status
    )


@require_GET
@login_required
def follow_up_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Where it stands; done, what was found. The state alone for htmx."""
    member = access_member(request.user, workspace, to="build")
    follow_up = access_follow_up(member, uid)
    finding = request.GET.get("finding", "")
    complaints = _examples(follow_up, finding)
    page = newest_first(complaints, before=request.GET.get("before", ""), size=EXAMPLES)
    context = _context(member) | {
        "follow_up": follow_up,
        "headline": headline(follow_up),
        "progress": progress_of(follow_up),
        "short": tasks_without_people(follow_up) if follow_up.is_running else 0,
        "lines": lines_of(follow_up),
        "left_out": left_out(follow_up),
        "page": page,
        "examples": followed(page),
        "finding": finding,
        "findings": Finding,
        "may_end": follow_up.is_running and member.has(Role.ENGINEER),
    }
    template = "followups/follow_up_detail.html" + ("#standing" if request.htmx else "")
    return render(request, template, context)


@require_POST
@login_required
def follow_up_end(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Ask nobody any more; what is in is counted."""
    member = access_member(request.user, workspace, to="engineer")
    follow_up = access_follow_up(member, uid)
    try:
        end_follow_up(follow_up=follow_up, by=member)
    except DomainError as error:
        messages.warning(request, str(error))
    return redirect("followups:detail", workspace, uid)


@require_GET
@login_required
def mine(request: Request, workspace: str) -> HttpResponse:
    """What became of what one corrected and criticised."""
    member = access_member(request.user, workspace, to="judge")
    page, rows = feed_of(member, before=request.GET.get("before", ""))
    resolved, told = counts_of(member)
    context = _context(member) | {
        "page": page,
        "rows": rows,
        "resolved": resolved,
        "told": told,
        "state": "followed_up",
        "tabs": tabs_for(member),
    }
    return render(request, "followups/mine.html", context)


def _examples(follow_up: FollowUp, finding: str) -> QuerySet[Complaint]:
    """None before it is done: whoever reads them might be asked about them."""
    rows = Complaint.objects.filter(follow_up=follow_up, follow_up__state=FollowUpState.DONE)
    if finding in Finding.values:
        rows = rows.filter(finding=finding)
    return rows.select_related(
        "follow_up", "criterion", "old__prompt", "edit", "answer", "judgment__campaign"
    )


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
