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
from evalhub.runs.basis_form import BasisForm, trainable_builds
from evalhub.runs.training_form import beside_in
from evalhub.sweeps.access import access_sweep, sweeps
from evalhub.sweeps.errors import BadSweep
from evalhub.sweeps.forms import CurveForm, SearchBasisForm, SweepForm, SweptBasisForm
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.queries import (
    at_an_end,
    beside_shown,
    best_of,
    curve_chart,
    headline,
    history_chart,
    importance_of,
    names_of,
    parallel_chart,
    rows_of,
    searched,
    tries_with_models,
)
from evalhub.sweeps.services import (
    cancel_sweep,
    extend_sweep,
    start_curve,
    start_sweep,
    train_best,
)


@require_GET
@login_required
def sweep_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    found = sweeps().filter(workspace=member.workspace)
    context = _context(member) | {"page": newest_first(found, before=request.GET.get("before", ""))}
    return render(request, "sweeps/sweep_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def sweep_new(request: Request, workspace: str) -> HttpResponse:
    """The address says on what; the form says what is searched."""
    member = access_member(request.user, workspace, to="engineer")
    basis = SearchBasisForm(request.GET, workspace=member.workspace)
    form = None
    if basis.is_valid():
        form = SweepForm(request.POST or None, basis=basis, workspace=member.workspace)
    if form is not None and form.is_valid() and (sweep := _searching(member, basis, form)):
        return redirect("sweeps:detail", workspace, sweep.uid)
    return render(request, "sweeps/sweep_new.html", _new_context(member, basis) | {"form": form})


@login_required
@require_http_methods(["GET", "POST"])
def curve_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    basis = SweptBasisForm(request.GET, workspace=member.workspace)
    form = CurveForm(request.POST or None, basis=basis) if basis.is_valid() else None
    if form is not None and form.is_valid() and (sweep := _measuring(member, basis, form)):
        return redirect("sweeps:detail", workspace, sweep.uid)
    return render(request, "sweeps/curve_new.html", _new_context(member, basis) | {"form": form})


@require_GET
@login_required
def sweep_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What changes alone for htmx, which asks while tries are under way."""
    member = access_member(request.user, workspace, to="build")
    sweep = access_sweep(member, uid)
    tries = tries_with_models(sweep)
    best = None if sweep.is_curve else best_of(sweep, tries)
    context = _context(member) | {
        "sweep": sweep,
        "headline": headline(sweep, tries),
        "names": names_of(sweep),
        "searched": searched(sweep),
        "beside": beside_shown(sweep),
        "importance": importance_of(sweep),
        "rows": rows_of(sweep, tries),
        "best": best,
        "at_an_end": at_an_end(sweep, best) if best else [],
        "history": None if sweep.is_curve else history_chart(sweep, tries),
        "parallel": None if sweep.is_curve else parallel_chart(sweep, tries),
        "curve": curve_chart(sweep),
    }
    template = "sweeps/sweep_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@require_POST
@login_required
def sweep_cancel(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    cancel_sweep(sweep=access_sweep(member, uid), by=member)
    return redirect("sweeps:detail", workspace, uid)


@require_POST
@login_required
def sweep_extend(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    sweep = access_sweep(member, uid)
    tries = request.POST.get("tries", "")
    if not tries.isdecimal():
        raise BadSweep("Give the number of further tries, 1 or more.")
    extend_sweep(sweep=sweep, tries=int(tries[:6]), by=member)
    return redirect("sweeps:detail", workspace, uid)


@require_POST
@login_required
def sweep_final(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    run = train_best(sweep=access_sweep(member, uid), by=member)
    return redirect("runs:detail", workspace, run.uid)


def _searching(member: Member, basis: SearchBasisForm, form: SweepForm) -> Sweep | None:
    chosen, told = basis.cleaned_data, form.cleaned_data
    try:
        return start_sweep(
            workspace=member.workspace, recipe=chosen["method"], build=chosen["build"],
            models=list(told.get("models") or [chosen["model"]]), space=form.space(), options=form.options_alone(),
            objective=told["objective"], sampler=told["sampler"], tries=told["tries"], parallel=told["parallel"],
            prunes=told["prunes"], seed=told["seed"], despite=told.get("despite", ""), beside=beside_in(told),
            label=told["worker_label"], by=member,
        )  # fmt: skip
    except DomainError as error:
        form.add_error(None, str(error))
        return None


def _measuring(member: Member, basis: BasisForm, form: CurveForm) -> Sweep | None:
    chosen, told = basis.cleaned_data, form.cleaned_data
    try:
        return start_curve(
            workspace=member.workspace, recipe=chosen["method"], build=chosen["build"], model=chosen["model"],
            options=told["options"], objective=told["objective"], seeds=told["seeds"], parallel=told["parallel"],
            despite=told.get("despite", ""), beside=beside_in(told), label=told["worker_label"], by=member,
        )  # fmt: skip
    except DomainError as error:
        form.add_error(None, str(error))
        return None


def _context(member: Member) -> dict[str, object]:
    may = member.has(Role.ENGINEER)
    return {"member": member, "workspace": member.workspace, "may_train": may}


def _new_context(member: Member, basis: BasisForm) -> dict[str, object]:
    may_learn = trainable_builds(member.workspace).exists()
    return _context(member) | {"basis": basis, "may_learn": may_learn}
