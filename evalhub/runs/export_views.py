"""Runs and models on their way out: to other trainers, and to what serves them."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.attachments import attachment
from evalhub.registry.access import access_endpoint, access_model
from evalhub.registry.serving import folder_name
from evalhub.runs.access import access_run
from evalhub.runs.errors import BadSpec
from evalhub.runs.exporting.models import open_merged, open_peft, start_merge
from evalhub.runs.exporting.served import NO_ENDPOINT, start_check
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


@never_cache
@require_POST
@login_required
def model_peft(request: Request, workspace: str, uid: UUID) -> FileResponse:
    """The folder of an adapter, as a zip."""
    member = access_member(request.user, workspace, to="build")
    model = access_model(member, uid)
    return attachment(open_peft(model=model, by=member), f"{folder_name(model)}.zip")


@require_POST
@login_required
def model_merge(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Put an adapter into its base; the run's page shows how far it is, and cancels it."""
    member = access_member(request.user, workspace, to="engineer")
    run = start_merge(model=access_model(member, uid), by=member)
    return redirect("runs:detail", workspace, run.uid)


@require_POST
@login_required
def model_check_served(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Ask an endpoint whether it serves the adapter; the run's page shows how far it is, and cancels it."""
    member = access_member(request.user, workspace, to="engineer")
    model = access_model(member, uid)
    try:
        asked = UUID(request.POST.get("endpoint", ""))
    except ValueError as error:
        raise BadSpec(NO_ENDPOINT) from error
    endpoint = access_endpoint(member, asked)
    run = start_check(model=model, endpoint=endpoint.model, by=member)
    return redirect("runs:detail", workspace, run.uid)


@never_cache
@require_GET
@login_required
def merged_file(request: Request, workspace: str, uid: UUID, path: str) -> FileResponse:
    """One file of a merged model."""
    member = access_member(request.user, workspace, to="build")
    stream = open_merged(run=access_run(member, uid), path=path, by=member)
    return attachment(stream, path.rsplit("/", 1)[-1])
