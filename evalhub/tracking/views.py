from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.runs.access import access_run
from evalhub.tracking.access import access_service, tracker_named
from evalhub.tracking.choices import NEEDS
from evalhub.tracking.errors import BadTracker
from evalhub.tracking.forms import SendForm, TrackerForm
from evalhub.tracking.models import Tracker
from evalhub.tracking.queries import trackers_of
from evalhub.tracking.services import send_run, set_tracker


@require_GET
@login_required
def tracker_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    context = {
        "member": member,
        "workspace": member.workspace,
        "trackers": trackers_of(member.workspace),
    }
    return render(request, "tracking/tracker_list.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def tracker_edit(request: Request, workspace: str, service: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    known = access_service(service)
    before = Tracker.objects.filter(workspace=member.workspace, service=known)
    first = before.values("project", "address", "key_variable", "is_offline", "is_on").first()
    form = TrackerForm(request.POST or None, initial=first or {}, service=known)
    if form.is_valid():
        try:
            set_tracker(workspace=member.workspace, service=known, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("tracking:list", workspace)
    context = {"member": member, "workspace": member.workspace, "service": known, "form": form, "needs": NEEDS[known]}  # fmt: skip
    status = 422 if form.errors else 200
    return render(request, "tracking/tracker_edit.html", context, status=status)


@require_POST
@login_required
def run_send(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Send what is missing of a run to the service that was named."""
    member = access_member(request.user, workspace, to="engineer")
    run = access_run(member, uid)
    form = SendForm(request.POST)
    if not form.is_valid():
        raise BadTracker("Name the service that shall be told.")
    tracker = tracker_named(member.workspace, form.cleaned_data["to"])
    send_run(run=run, tracker=tracker, by=member)
    return redirect("runs:detail", workspace, uid)
