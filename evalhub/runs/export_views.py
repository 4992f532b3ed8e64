"""Runs and models on their way out: to other trainers, and to what serves them."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.attachments import attachment
from evalhub.runs.access import access_run
from evalhub.runs.exporting.services import export_run


@never_cache
@require_POST
@login_required
def run_export(request: Request, workspace: str, uid: UUID) -> FileResponse:
    """A run's settings as the file of another trainer."""
    member = access_member(request.user, workspace, to="build")
    run = access_run(member, uid)
    made = export_run(run=run, target=request.POST.get("target", ""), by=member)
    return attachment(BytesIO(made.text.encode()), made.filename)
