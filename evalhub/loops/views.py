from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.evaluation.services import note_looks
from evalhub.loops.access import access_loop, access_round
from evalhub.loops.choices import RoundState
from evalhub.loops.errors import BadPolicy
from evalhub.loops.forecast import forecast_of
from evalhub.loops.forms import GoOnForm, LoopEditForm, RollBackForm, values_of
from evalhub.loops.models import Loop
from evalhub.loops.policy import differences, gate_in_words
from evalhub.loops.report import sets_of
from evalhub.loops.rolling_back import roll_back
from evalhub.loops.services import (
    cancel_round,
    create_loop,
    default_loop,
    edit_loop,
    let_go_on,
    resume_round,
    start_round,
)
from evalhub.loops.settings_form import UNASKED, LoopSettingsForm, NewLoopForm, unasked_of
from evalhub.loops.settings_form import values_of as settings_of
from evalhub.loops.story import headline, story_of
from evalhub.loops.telling import edits_of, shown_policy, told_of


@require_GET
@login_required
def loop_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    loops = Loop.objects.filter(workspace=member.workspace).prefetch_related("rounds")
    context = _context(member) | {
        "loops": loops.select_related("base_model", "incumbent", "collection"),
        "may_turn": member.has(Role.ENGINEER),
    }
    return render(request, "loops/loop_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def loop_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    form = NewLoopForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        policy = form.policy({})
        try:
            loop = create_loop(workspace=member.workspace, by=member, policy=policy, **form.row())
        except DomainError as error:
            form.refuse(error)
        else:
            return redirect("loops:detail", workspace, loop.uid)
    return render(
        request, "loops/loop_new.html", _context(member) | {"form": form, "unasked": UNASKED}
    )


@require_POST
@login_required
def loop_default(request: Request, workspace: str) -> HttpResponse:
    """Make the Loop of a workspace that has none, of what it has."""
    member = access_member(request.user, workspace, to="engineer")
    loop = default_loop(workspace=member.workspace, by=member)
    return redirect("loops:detail", workspace, loop.uid)


@login_required
@require_http_methods(["GET", "POST"])
def loop_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The policy as a form; as JSON where it cannot be read into one any more."""
    member = access_member(request.user, workspace, to="engineer")
    loop = access_loop(member, uid)
    try:
        first = settings_of(loop)
    except BadPolicy:
        return redirect("loops:policy", workspace, uid)
    form = LoopSettingsForm(request.POST or None, workspace=member.workspace, initial=first)
    if form.is_valid():
        try:
            edit_loop(loop=loop, by=member, policy=form.policy(loop.policy), **form.row())
        except DomainError as error:
            form.refuse(error)
        else:
            return redirect("loops:detail", workspace, uid)
    context = _context(member) | {"form": form, "loop": loop, "kept": unasked_of(loop.policy)}
    return render(request, "loops/loop_edit.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def loop_policy(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Every field of the policy, as JSON."""
    member = access_member(request.user, workspace, to="engineer")
    loop = access_loop(member, uid)
    form = LoopEditForm(request.POST or None, workspace=member.workspace, initial=values_of(loop))
    if form.is_valid():
        try:
            edit_loop(loop=loop, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("loops:detail", workspace, uid)
    context = _context(member) | {"form": form, "loop": loop}
    return render(request, "loops/loop_policy.html", context)


@require_GET
@login_required
def loop_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    loop = access_loop(member, uid)
    page = newest_first(
        loop.rounds.select_related("candidate"), before=request.GET.get("before", ""), size=20
    )
    context = _context(member) | {
        "loop": loop,
        "policy": {
            name: value
            for name, value in shown_policy(loop).items()
            if not name.startswith("gate.")
        },
        "gate": gate_in_words(loop.policy),
        "may_roll_back": member.has(Role.ENGINEER) and loop.incumbent is not None,
        "page": page,
        "rounds": [(round_, headline(round_)) for round_ in page],
        "running": loop.rounds.filter(state=RoundState.RUNNING).first(),
        "start": told_of(loop),
        "edits": edits_of(loop),
        "may_turn": member.has(Role.ENGINEER),
        "may_let_go_on": member.has(Role.LEAD),
        "form": GoOnForm(),
    }
    return render(request, "loops/loop_detail.html", context)


@require_GET
@login_required
def loop_forecast(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    loop = access_loop(member, uid)
    start = told_of(loop)
    context = _context(member) | {"loop": loop, "start": start}
    context["forecast"] = None if start.fault else forecast_of(loop)
    return render(request, "loops/loop_forecast.html", context)


@require_POST
@login_required
def loop_go_on(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    let_go_on(loop=access_loop(member, uid), by=member, reason=request.POST.get("reason", ""))
    return redirect("loops:detail", workspace, uid)


@require_POST
@login_required
def round_start(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    round_ = start_round(loop=access_loop(member, uid), by=member)
    return redirect("loops:round", workspace, round_.uid)


@require_GET
@login_required
def round_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The story alone for htmx, which asks while the Round is under way; reading it is a look at its sets."""
    member = access_member(request.user, workspace, to="build")
    round_ = access_round(member, uid)
    if (
        not request.htmx or round_.state != RoundState.RUNNING
    ):  # not each time that the page asks again
        note_looks(by=member, digests=sets_of(round_))
    context = _context(member) | {
        "round": round_,
        "headline": headline(round_),
        "story": story_of(round_),
        "resumed_by": differences(round_.policy, round_.loop.policy),
        "is_live": round_.state == RoundState.RUNNING,
        "may_turn": member.has(Role.ENGINEER),
    }
    template = "loops/round_detail.html" + ("#story" if request.htmx else "")
    return render(request, template, context)


@require_POST
@login_required
def round_resume(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    resume_round(round_=access_round(member, uid), by=member)
    return redirect("loops:round", workspace, uid)


@require_POST
@login_required
def round_cancel(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    cancel_round(round_=access_round(member, uid), by=member)
    return redirect("loops:round", workspace, uid)


@login_required
@require_http_methods(["GET", "POST"])
def loop_roll_back(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Put a model back that was in service before, or the base."""
    member = access_member(request.user, workspace, to="engineer")
    loop = access_loop(member, uid)
    form = RollBackForm(request.POST or None, loop=loop)
    if form.is_valid():
        try:
            roll_back(loop=loop, to=form.model(), reason=form.cleaned_data["reason"], by=member)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("loops:detail", workspace, uid)
    context = _context(member) | {"form": form, "loop": loop}
    status = 422 if form.errors else 200
    return render(request, "loops/loop_roll_back.html", context, status=status)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
