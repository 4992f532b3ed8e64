from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.charts import line_chart
from evalhub.common.errors import DomainError, NotFound
from evalhub.common.paging import newest_first
from evalhub.jobs.access import access_job
from evalhub.jobs.queries import waits_for
from evalhub.jobs.services import cancel_job
from evalhub.runs.access import access_run
from evalhub.runs.exporting.services import TITLES
from evalhub.runs.forms import TryForm
from evalhub.runs.models import TRAINING, Run
from evalhub.runs.queries import (
    curves_of,
    log_tail,
    settings_of,
    trial_answers,
)
from evalhub.runs.services import try_prompt


@require_GET
@login_required
def run_list(request: Request, workspace: str) -> HttpResponse:
    """The rows alone for htmx, which asks while something is under way."""
    member = access_member(request.user, workspace, to="build")
    runs = Run.objects.filter(workspace=member.workspace)
    runs = runs.select_related("job", "model", "output_model", "created_by")
    page = newest_first(runs, before=request.GET.get("before", ""))
    is_live = page.is_first and any(not run.job.is_ended for run in page)
    context = _context(member) | {"page": page, "is_live": is_live}
    return render(request, "runs/run_list.html" + ("#rows" if request.htmx else ""), context)


@require_GET
@login_required
def run_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    run = access_run(member, uid)
    curves = curves_of(run)
    context = _context(member) | {
        "run": run,
        "job": run.job,
        "waits_for": waits_for(run.job),
        "charts": [(curve, line_chart(curve.name, curve.points)) for curve in curves],
        "settings": settings_of(run),
        "samples": run.events.filter(kind="sample").order_by("-attempt", "-n")[:6],
        "log": log_tail(run),
        "targets": TITLES if run.recipe in TRAINING else {},
    }
    return render(request, "runs/run_detail.html" + ("#live" if request.htmx else ""), context)


@require_POST
@login_required
def run_cancel(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="view")
    run = access_run(member, uid)
    cancel_job(job=access_job(member, run.job.uid, to_cancel=True), by=member)
    return redirect("runs:detail", workspace, uid)


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
