from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.lineage.access import TO_WITHDRAW, access_subject, access_withdrawal
from evalhub.lineage.forms import ReinstatementForm, WithdrawalForm
from evalhub.lineage.queries import touched_by
from evalhub.lineage.services import take_back, withdraw
from evalhub.quality.models import Withdrawal


@login_required
@require_http_methods(["GET", "POST"])
def where_it_went(request: Request, workspace: str, uid: UUID, kind: str) -> HttpResponse:
    """Everything a judgment, a prompt or a person went into; and, for whoever may, the way out."""
    act = TO_WITHDRAW[kind]
    member = access_member(request.user, workspace, to=act if request.method == "POST" else "build")
    subject = access_subject(member, kind, uid)
    form = WithdrawalForm(request.POST or None)
    if form.is_valid():
        try:
            made = withdraw(subject=subject, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The {kind} is withdrawn; nothing new is made of it.")
            return redirect("lineage:withdrawal", workspace, made.uid)
    standing = Withdrawal.objects.filter(reinstatement=None, **{kind: subject}).first()
    context = _context(member) | {
        "kind": kind,
        "subject": subject,
        "touched": touched_by(subject),
        "standing": standing,
        "may_withdraw": member.has(*ROLES_FOR[act]),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "lineage/where_it_went.html", context, status=status)


@require_GET
@login_required
def withdrawal_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    rows = Withdrawal.objects.filter(workspace=member.workspace).select_related(
        "judgment", "prompt", "member", "withdrawn_by", "reinstatement"
    )
    page = newest_first(rows, before=request.GET.get("before", ""))
    return render(request, "lineage/withdrawal_list.html", _context(member) | {"page": page})


@require_GET
@login_required
def withdrawal_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The decision, what it meant when it was taken, and what was built since."""
    member = access_member(request.user, workspace, to="build")
    withdrawal = access_withdrawal(member, uid)
    return _show(request, member, withdrawal, ReinstatementForm())


@require_POST
@login_required
def withdrawal_reinstate(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    withdrawal = access_withdrawal(member, uid)
    member = access_member(request.user, workspace, to=TO_WITHDRAW[withdrawal.kind])
    form = ReinstatementForm(request.POST)
    if form.is_valid():
        try:
            take_back(withdrawal=withdrawal, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, f"The {withdrawal.kind} counts again, from the next build on."
            )
            return redirect("lineage:withdrawal", workspace, uid)
    return _show(request, member, withdrawal, form)


def _show(
    request: Request, member: Member, withdrawal: Withdrawal, form: ReinstatementForm
) -> HttpResponse:
    names = {each["dataset"] for each in withdrawal.effect.get("builds", [])}
    builds = member.workspace.builds.filter(
        dataset__name__in=names, created_at__gte=withdrawal.created_at
    )
    context: dict[str, Any] = _context(member) | {
        "withdrawal": withdrawal,
        "effect": withdrawal.effect,
        "since": builds.select_related("dataset", "job")[:20],
        "may_reinstate": member.has(*ROLES_FOR[TO_WITHDRAW[withdrawal.kind]]),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "lineage/withdrawal_detail.html", context, status=status)


def _context(member: Member) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace}
