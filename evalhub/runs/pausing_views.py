from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.jobs.access import access_job
from evalhub.runs.access import access_run
from evalhub.runs.models import Run
from evalhub.runs.pausing import pause_run, resume_run


@require_POST
@login_required
def run_pause(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="view")
    pause_run(run=_held(member, uid), by=member)
    return redirect("runs:detail", workspace, uid)


@require_POST
@login_required
def run_resume(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="view")
    resume_run(run=_held(member, uid), by=member)
    return redirect("runs:detail", workspace, uid)


def _held(member: Member, uid: UUID) -> Run:
    """Whoever may cancel a run may hold it."""
    run = access_run(member, uid)
    run.job = access_job(member, run.job.uid, to_cancel=True)
    return run
