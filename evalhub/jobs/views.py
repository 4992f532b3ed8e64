from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.paging import newest_first
from evalhub.jobs.access import access_job
from evalhub.jobs.models import Job
from evalhub.jobs.queries import waits_for
from evalhub.jobs.services import cancel_job


@require_GET
@login_required
def job_list(request: Request, workspace: str) -> HttpResponse:
    """The rows alone for htmx, which asks every two seconds while something is under way."""
    member = access_member(request.user, workspace, to="watch")
    jobs = Job.objects.of_workspace(member.workspace).select_related("created_by")
    page = newest_first(jobs, before=request.GET.get("before", ""))
    context = _context(member) | {
        "page": page,
        "is_live": page.is_first and any(not job.is_ended for job in page),
    }
    template = "jobs/job_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


@require_GET
@login_required
def job_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="watch")
    job = access_job(member, uid)
    context = _context(member) | {
        "job": job,
        "waits_for": waits_for(job),
        "sees_trace": member.has(Role.ENGINEER),
    }
    template = "jobs/job_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@require_POST
@login_required
def job_cancel(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="view")
    cancel_job(job=access_job(member, uid, to_cancel=True), by=member)
    return redirect("jobs:detail", workspace, uid)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
