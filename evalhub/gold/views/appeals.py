"""Appeals: somebody's own, and the leads' queue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import Conflict, DomainError, NotFound
from evalhub.common.paging import newest_first
from evalhub.gold.access import access_appeal, access_own_part, access_own_verdict
from evalhub.gold.errors import UnfitAppeal
from evalhub.gold.forms import AnswerForm, AppealForm
from evalhub.gold.models import Appeal, AttemptTask, GoldVerdict
from evalhub.gold.services.appeals import appeal as appeal_verdict
from evalhub.gold.services.appeals import appeal_exam, refuse, uphold
from evalhub.judgments.comparing import beside_the_expert
from evalhub.judgments.looking import judged_page, reading


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def make_appeal(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """One's own failed gold, with what the expert said; and the form to appeal it."""
    member = access_member(request.user, workspace, to="judge")
    verdict = access_own_verdict(member, uid)
    make = partial(appeal_verdict, verdict=verdict)
    back = redirect("gold:calibration", workspace)
    return _appeal_page(request, member, verdict, make=make, back=back)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def make_exam_appeal(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """One's own failed task of an exam that is over, and the form to appeal it.

    Without the expert's answer: whoever tries again is given the same task.
    """
    member = access_member(request.user, workspace, to="judge")
    part = access_own_part(member, uid)
    make = partial(appeal_exam, part=part)
    back = redirect("gold:attempt", workspace, part.attempt.uid)
    return _appeal_page(request, member, part, make=make, back=back, attempt=part.attempt)


def _appeal_page(
    request: Request,
    member: Member,
    failed: GoldVerdict | AttemptTask,
    *,
    make: Callable[..., Appeal],
    back: HttpResponse,
    **more: object,
) -> HttpResponse:
    form = AppealForm(request.POST or None)
    if form.is_valid():
        try:
            make(reason=form.cleaned_data["reason"], by=member)
        except DomainError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, _("A lead looks at it; the answer stands here."))
        return back
    context = _shown(member, failed) | {"form": form, "is_mine": True} | more
    return render(request, "gold/appeal_new.html", context, status=422 if form.errors else 200)


@require_GET
@login_required
def appeal_list(request: Request, workspace: str) -> HttpResponse:
    """What waits for a lead, or what was decided."""
    member = access_member(request.user, workspace, to="lead")
    ours = Appeal.objects.of_workspace(member.workspace)
    is_decided = request.GET.get("show") == "decided"
    waiting = ours.waiting()
    shown = ours.exclude(pk__in=waiting.values("pk")) if is_decided else waiting
    rows = shown.select_related(
        *(f"verdict__{name}" for name in ("member", "campaign", "task__prompt")),
        *(f"part__{name}" for name in ("attempt__member", "gold__prompt")),
        "part__attempt__qualification__campaign",
        "decided_by",
    )
    context = _around(member) | {
        "page": newest_first(rows, before=request.GET.get("before", "")),
        "is_decided": is_decided,
        "waiting": waiting.count(),
    }
    return render(request, "gold/appeal_list.html", context)


@never_cache
@require_GET
@login_required
def appeal_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """One appeal beside the judgment and the expert's answer."""
    member = access_member(request.user, workspace, to="lead")
    return _decide_page(request, member, access_appeal(member, uid), AnswerForm())


@require_POST
@login_required
def appeal_decide(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """`decision` is uphold or refuse."""
    member = access_member(request.user, workspace, to="lead")
    appeal = access_appeal(member, uid)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _decide_page(request, member, appeal, form)
    decide = uphold if request.POST.get("decision") == "uphold" else refuse
    try:
        decide(appeal=appeal, answer=form.cleaned_data["answer"], by=member)
    except UnfitAppeal as error:
        form.add_error("answer", str(error))
        return _decide_page(request, member, appeal, form)
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Decided; whoever appealed is told."))
    return redirect("gold:appeals", workspace)


def _decide_page(
    request: Request, member: Member, appeal: Appeal, form: AnswerForm
) -> HttpResponse:
    context = _shown(member, appeal.against) | {"appeal": appeal, "form": form}
    status = 422 if form.errors else 200
    return render(request, "gold/appeal_detail.html", context, status=status)


def _shown(member: Member, failed: GoldVerdict | AttemptTask) -> dict[str, Any]:
    """The judgment as it was given; beside the expert's answer where no exam asks the same again, or
    for who decides.
    """
    judgment = failed.judgment
    if judgment is None:
        raise NotFound(_("No such answer."))
    page = judged_page(judgment)
    is_hidden = isinstance(failed, AttemptTask) and failed.member == member
    expert = None if is_hidden else beside_the_expert(judgment, gold=failed.gold)
    return _around(member) | page | reading(page) | {"failed": failed, "expert": expert}


def _around(member: Member) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace}
