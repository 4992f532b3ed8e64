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
from evalhub.common.charts import line_chart
from evalhub.common.errors import DomainError, NotFound
from evalhub.common.paging import newest_first
from evalhub.datasets.access import access_build
from evalhub.jobs.access import access_job
from evalhub.jobs.queries import waits_for
from evalhub.jobs.services import cancel_job
from evalhub.registry.services import tell_read
from evalhub.runs.access import access_run, runs_to_compare
from evalhub.runs.basis_form import BasisForm, trainable_builds
from evalhub.runs.comparing import compare
from evalhub.runs.costs import cost_of
from evalhub.runs.errors import BadSpec
from evalhub.runs.exporting.services import titles_for
from evalhub.runs.forms import BaseForm, TryForm
from evalhub.runs.models import TRAINING, Run
from evalhub.runs.queries import (
    builds_of,
    curves_of,
    log_tail,
    samples_of,
    sets_of,
    settings_of,
    trial_answers,
)
from evalhub.runs.remarks import tags_of
from evalhub.runs.sameness import is_equal_to_the_bit
from evalhub.runs.services import start_measuring, start_training, try_prompt
from evalhub.runs.telling import forecast_of, told_by
from evalhub.runs.training_form import SettingsForm, told_of

SHOWN = 6  # prompts with their answers


@require_GET
@login_required
def run_list(request: Request, workspace: str) -> HttpResponse:
    """The rows alone for htmx, which asks while something is under way."""
    member = access_member(request.user, workspace, to="build")
    runs = Run.objects.filter(workspace=member.workspace)
    runs = runs.select_related("job", "model", "output_model", "created_by")
    if tag := request.GET.get("tag", ""):
        runs = runs.filter(tags__contains=[tag])
    page = newest_first(runs, before=request.GET.get("before", ""))
    is_live = page.is_first and any(not run.job.is_ended for run in page)
    context = _context(member) | {
        "page": page,
        "is_live": is_live,
        "may_train": member.has(Role.ENGINEER),
        "tag": tag,
        "tags": tags_of(member.workspace),
    }
    return render(request, "runs/run_list.html" + ("#rows" if request.htmx else ""), context)


@require_GET
@login_required
def run_compare(request: Request, workspace: str) -> HttpResponse:
    """`?run=` names each."""
    member = access_member(request.user, workspace, to="build")
    runs = runs_to_compare(member.workspace, request.GET.getlist("run"))
    tell_read(by=member, sets=sets_of(runs))
    return render(request, "runs/compare.html", _context(member) | {"compared": compare(runs)})


@require_GET
@login_required
def run_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    run = access_run(member, uid)
    tell_read(by=member, sets=sets_of([run]))
    curves, told = curves_of(run), told_by(run)
    whole = run.parts if "part" in run.spec else []
    context = _context(member) | {
        "run": run,
        "job": run.job,
        "whole": whole,
        "is_whole_running": not all(
            each.job.is_ended or each.job.cancel_requested_at for each in whole
        ),
        "waits_for": waits_for(run.job),
        "charts": [(curve, line_chart(curve.name, curve.points)) for curve in curves],
        "settings": settings_of(run),
        "cost": cost_of(run),
        "findings": told.findings,
        "previews": told.previews,
        "probe": told.probe,
        "builds": builds_of(run),
        "forecast": None if run.job.is_ended else forecast_of(run, told),
        "samples": samples_of(run)[:SHOWN],
        "log": log_tail(run),
        "targets": titles_for(run),
        "may_train": member.has(Role.ENGINEER),
        "trains": run.recipe in TRAINING,
        "is_equal": is_equal_to_the_bit(run),
        "notes": run.notes.select_related("member"),
        "repetitions": run.repetitions.select_related("job").order_by("pk"),
    }
    part = ("#previews" if request.htmx.target == "previews" else "#live") if request.htmx else ""
    return render(request, "runs/run_detail.html" + part, context)


@login_required
@require_http_methods(["GET", "POST"])
def run_new(request: Request, workspace: str) -> HttpResponse:
    """The address says on what; the form says how. `?again=` brings an earlier run's settings, `?build=`
    alone what fits that build.
    """
    member = access_member(request.user, workspace, to="engineer")
    before = _run_before(member, request.GET.get("again", ""))
    basis = BasisForm(_basis_of(before) or request.GET, workspace=member.workspace)
    form = None
    if basis.is_valid():
        told = told_of(before) if before else None
        form = SettingsForm(request.POST or None, basis=basis, told=told)
    if form is not None and form.is_valid() and (run := _started(member, basis, form)):
        return redirect("runs:detail", workspace, run.uid)
    context = _context(member) | {
        "basis": basis,
        "form": form,
        "may_learn": trainable_builds(member.workspace).exists(),
    }
    return render(request, "runs/run_new.html", context)


def _started(member: Member, basis: BasisForm, form: SettingsForm) -> Run | None:
    chosen = basis.cleaned_data
    try:
        return start_training(
            workspace=member.workspace,
            recipe=chosen["method"],
            model=chosen["model"],
            build=chosen["build"],
            options=form.options(form.cleaned_data),
            seed=form.cleaned_data["seed"],
            despite=form.cleaned_data.get("despite", ""),
            beside=form.beside(),
            label=form.cleaned_data["worker_label"],
            by=member,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return None


def _run_before(member: Member, uid: str) -> Run | None:
    if not uid:
        return None
    try:
        return access_run(member, UUID(uid))
    except ValueError as error:
        raise NotFound("No such run.") from error


def _basis_of(run: Run | None) -> dict[str, object] | None:
    build = run.learnt_builds.first() if run else None
    if run is None or build is None or run.model is None:
        return None
    return {"build": build.uid, "method": run.recipe, "model": run.model.uid}


@require_POST
@login_required
def run_cancel(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The run; with `whole`, all parts of what was asked that have not ended."""
    member = access_member(request.user, workspace, to="view")
    run = access_run(member, uid)
    unended = [each for each in run.parts if not each.job.is_ended]
    for each in unended if "whole" in request.POST else [run]:
        cancel_job(job=access_job(member, each.job.uid, to_cancel=True), by=member)
    return redirect("runs:detail", workspace, uid)


@require_POST
@login_required
def measure_start(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Count the tokens of a build for the base model that was chosen on its page."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    form = BaseForm(request.POST, workspace=member.workspace)
    if not form.is_valid():
        raise BadSpec("Choose a base model of this workspace to count for.")
    run = start_measuring(build=build, model=form.cleaned_data["base"], by=member)
    return redirect("runs:detail", workspace, run.uid)


@login_required
@require_http_methods(["GET", "POST"])
def try_it(request: Request, workspace: str) -> HttpResponse:
    """A typed prompt, answered by a base and an adapter."""
    member = access_member(request.user, workspace, to="engineer")
    form = TryForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        chosen = [form.cleaned_data["base"], form.cleaned_data["adapter"]]
        try:
            trial = try_prompt(
                workspace=member.workspace,
                models=[model for model in chosen if model is not None],
                text=form.cleaned_data["prompt"],
                options={"temperature": form.cleaned_data["temperature"]},
                by=member,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:trial", workspace, trial)
    return render(request, "runs/try_it.html", _context(member) | {"form": form})


@require_GET
@login_required
def trial(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The answers side by side as they come."""
    member = access_member(request.user, workspace, to="engineer")
    answers = trial_answers(member.workspace, uid)
    waiting = next((each.run.job for each in answers if not each.run.job.is_ended), None)
    if not answers:
        raise NotFound("Nothing was tried under this address.")
    context = _context(member) | {
        "uid": uid,
        "answers": answers,
        "waits_for": waits_for(waiting) if waiting else "",
        "is_live": any(not answer.run.job.is_ended for answer in answers),
    }
    return render(request, "runs/trial.html" + ("#live" if request.htmx else ""), context)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
