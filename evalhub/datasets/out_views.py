"""Builds on their way out: exports to download, and pushes to a hub or a store."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.attachments import attachment
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.datasets.access import access_build, access_build_export, access_push
from evalhub.datasets.export.asked import Container, asked_for, foretold
from evalhub.datasets.export.services import open_build_export, start_build_export
from evalhub.datasets.forms import ExportForm, PushForm
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.push.services import start_push
from evalhub.datasets.push.targets import allowed_prefixes
from evalhub.datasets.queries import in_order
from evalhub.formats.shapes import MEANING, WHY_LEFT_OUT


@require_http_methods(["GET", "POST"])
@login_required
def export_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The exports of a build, and the form for another one, with what each shape leaves behind."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    form = ExportForm(request.POST or None, kind=build.kind)
    if form.is_valid():
        try:
            asked = asked_for(
                build,
                shape=form.cleaned_data["shape"],
                container=form.cleaned_data["container"],
                splits=tuple(form.cleaned_data["splits"]),
            )
            export = start_build_export(build=build, asked=asked, by=member)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("datasets:export", workspace, export.uid)
    exports = build.exports.select_related("job", "created_by")
    context = _context(member, build) | {
        "form": form,
        "shapes": foretold(build.kind),
        "page": newest_first(exports, before=request.GET.get("before", "")),
    }
    status = 422 if form.errors else 200
    return render(request, "datasets/export_list.html", context, status=status)


@require_GET
@login_required
def export_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The live part alone for htmx, which asks every two seconds until the file is written."""
    member = access_member(request.user, workspace, to="build")
    export = access_build_export(member, uid)
    context = _context(member, export.build) | {
        "export": export,
        "job": export.job,
        "told": _told(export.found),
        "counts": in_order(export.found.get("rows", {})),
    }
    template = "datasets/export_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@never_cache
@require_POST
@login_required
def export_download(request: Request, workspace: str, uid: UUID) -> FileResponse:
    """The file as an attachment: nothing that people wrote is shown as a page."""
    member = access_member(request.user, workspace, to="build")
    export = access_build_export(member, uid)
    return attachment(open_build_export(export=export, by=member), export.filename)


@require_http_methods(["GET", "POST"])
@login_required
def push_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Where the build was pushed to, and the form for another place."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    form = PushForm(request.POST or None, kind=build.kind)
    if form.is_valid():
        try:
            asked = asked_for(build, shape=form.cleaned_data["shape"], container=Container.FOLDER)
            target = form.cleaned_data["target"]
            push = start_push(build=build, asked=asked, target=target, by=member)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("datasets:push", workspace, push.uid)
    pushes = build.pushes.select_related("job", "created_by")
    context = _context(member, build) | {
        "form": form,
        "prefixes": allowed_prefixes(),
        "page": newest_first(pushes, before=request.GET.get("before", "")),
    }
    return render(request, "datasets/push_list.html", context, status=422 if form.errors else 200)


@require_GET
@login_required
def push_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The live part alone for htmx, which asks every two seconds until it has ended."""
    member = access_member(request.user, workspace, to="build")
    push = access_push(member, uid)
    context = _context(member, push.build) | {
        "push": push,
        "job": push.job,
        "told": _told(push.outcome),
        "counts": in_order(push.outcome.get("rows", {})),
    }
    template = "datasets/push_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


def _told(found: dict[str, Any]) -> list[tuple[int, str]]:
    """What was left out and what was lost, in words."""
    left_out = [
        (n, f"left out: {WHY_LEFT_OUT[name]}") for name, n in found.get("left_out", {}).items()
    ]
    lost = [(n, f"lost: {MEANING[name]}") for name, n in found.get("lost", {}).items()]
    return [*left_out, *lost]


def _context(member: Member, build: DatasetBuild) -> dict[str, Any]:
    context = {"member": member, "workspace": member.workspace}
    return context | {"build": build, "dataset": build.dataset}
