from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.runs.access import access_run
from evalhub.runs.again import repeat_run


@require_POST
@login_required
def run_repeat(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A refusal says what differs and offers the other way."""
    member = access_member(request.user, workspace, to="engineer")
    run = access_run(member, uid)
    try:
        again = repeat_run(run=run, by=member)
    except DomainError as error:
        context = {"member": member, "workspace": member.workspace, "run": run, "error": error}
        return render(request, "runs/repeat_refused.html", context, status=error.http_status)
    return redirect("runs:detail", workspace, again.uid)
