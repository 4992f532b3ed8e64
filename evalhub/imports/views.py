from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.attachments import attachment
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.formats.readers import FORMATS
from evalhub.imports.access import access_import
from evalhub.imports.errors import UnfitMapping
from evalhub.imports.exports import rejected_csv
from evalhub.imports.forms import LABELS, MappingForm, UploadForm
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.queries import mapping_for
from evalhub.imports.services import (
    confirm_import,
    map_import,
    open_original,
    start_hub_import,
    start_import,
)

SHOWN = 20  # rejected rows on the page; the CSV has all


@require_GET
@login_required
def import_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    imports = Import.objects.filter(workspace=member.workspace)
    page = newest_first(
        imports.select_related("collection", "job", "created_by"),
        before=request.GET.get("before", ""),
    )
    return render(request, "imports/import_list.html", _context(member) | {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def import_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    initial = {"collection": request.GET.get("collection", "")}
    form = UploadForm(request.POST or None, request.FILES or None, initial=initial)
    if form.is_valid():
        try:
            source = _started(member, form.cleaned_data)
        except DomainError as error:
            form.add_error("dataset" if form.cleaned_data["dataset"] else "file", str(error))
        else:
            return redirect("imports:detail", workspace, source.uid)
    return render(request, "imports/import_new.html", _context(member) | {"form": form})


def _started(member: Member, given: dict[str, Any]) -> Import:
    """The import of a form, which looks first and waits for a yes."""
    more: dict[str, Any] = {
        name: given[name]
        for name in (
            "collection",
            "format",
            "masks",
            "mask_words",
            "rubric",
            "licence",
            "red_team",
        )
    }
    more |= {
        "workspace": member.workspace,
        "kind": ImportKind(given["kind"]),
        "previews": True,
        "by": member,
    }
    if given["dataset"]:
        hub = {name: given[name] for name in ("dataset", "split", "revision")}
        return start_hub_import(**hub, **more)
    upload = given["file"]
    return start_import(filename=upload.name, stream=upload, **more)


@require_GET
@login_required
def import_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The live part alone for htmx, which asks every two seconds until the file is read."""
    member = access_member(request.user, workspace, to="build")
    source = access_import(member, uid)
    context = _context(member) | {
        "source": source,
        "job": source.job,
        "counts": source.counts,
        "preview": source.counts.get("preview"),
        "format_title": FORMATS.get(source.counts.get("format", ""), source.format),
        "masked": [(LABELS[kind], n) for kind, n in source.counts.get("masked", {}).items()],
        "is_owner": member.has(Role.OWNER),
        "rejected": source.rejected.order_by("line", "pk")[:SHOWN],
    }
    template = "imports/import_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@login_required
@require_http_methods(["GET", "POST"])
def import_mapping(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What the columns of a table are; the preview is made anew by it."""
    member = access_member(request.user, workspace, to="build")
    source = access_import(member, uid)
    if not source.awaits_a_yes or "table" not in source.counts:
        return redirect("imports:detail", workspace, uid)
    table = source.counts["table"]
    form = MappingForm(request.POST or None, columns=table["columns"], known=mapping_for(source))
    if form.is_valid():
        try:
            map_import(source=source, mapping=form.mapping(), by=member)
        except UnfitMapping as error:
            form.add_error(None, str(error))
        else:
            return redirect("imports:detail", workspace, uid)
    lines = [
        (name, [row.get(name, "") for row in table["rows"][:3]], fields)
        for name, fields in form.lines()
    ]
    context = _context(member) | {"source": source, "form": form, "lines": lines}
    return render(request, "imports/import_mapping.html", context)


@require_POST
@login_required
def import_confirm(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    confirm_import(source=access_import(member, uid), by=member)
    return redirect("imports:detail", workspace, uid)


@never_cache
@require_POST
@login_required
def import_original(request: Request, workspace: str, uid: UUID) -> FileResponse:
    """The file as it came; for owners only, as it holds what was masked."""
    member = access_member(request.user, workspace, to="own")
    source = access_import(member, uid)
    return attachment(open_original(source=source, by=member), source.filename)


@require_GET
@login_required
def import_rejected(request: Request, workspace: str, uid: UUID) -> StreamingHttpResponse:
    member = access_member(request.user, workspace, to="build")
    source = access_import(member, uid)
    answer = StreamingHttpResponse(rejected_csv(source), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="rejected-{source.uid}.csv"'
    return answer


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
