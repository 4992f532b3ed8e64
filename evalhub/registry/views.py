from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError, NotFound
from evalhub.common.files import file_store
from evalhub.registry.access import access_model
from evalhub.registry.forms import BaseModelForm
from evalhub.registry.models import LanguageModel, ModelKind, Stage
from evalhub.registry.queries import lineage_of, sets_of
from evalhub.registry.services import add_base_model, tell_read
from evalhub.registry.serving import serving_of


@require_GET
@login_required
def model_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    models = LanguageModel.objects.of_workspace(member.workspace)
    nodes = lineage_of(member.workspace)
    tell_read(by=member, sets=sets_of(nodes))
    context = _context(member) | {
        "nodes": nodes,
        "external": models.filter(kind=ModelKind.EXTERNAL).order_by("name")[:200],
    }
    return render(request, "registry/model_list.html", context)


@require_GET
@login_required
def model_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    model = access_model(member, uid)
    evaluations = model.evaluations.select_related("run__job", "benchmark").prefetch_related(
        "builds__dataset"
    )[:20]
    tell_read(by=member, sets=[each.set_digest for each in evaluations if each.metrics])
    context = (
        _context(member)
        | {
            "model": model,
            "run": getattr(model, "made_by", None),  # a reverse one-to-one that may be absent
            "outside": getattr(model, "outside_training", None),  # likewise
            "evaluations": evaluations,
            "promotions": model.promotions.all()[:20],
            "children": model.children.order_by("pk"),
            "endpoint": getattr(model, "endpoint", None) if member.has(Role.ENGINEER) else None,
            "serving": serving_of(model),
            "merge": _newest(model, "merge"),
            "check": _newest(model, "check_served"),
            "endpoints": _endpoints(member) if model.kind == ModelKind.ADAPTER else [],
            "may_decide": member.has(Role.ENGINEER) and model.baseline is not None,
            "files": sorted(model.facts.get("files", {})),
        }
    )
    return render(request, "registry/model_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def model_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    form = BaseModelForm(request.POST or None)
    if form.is_valid():
        try:
            model = add_base_model(workspace=member.workspace, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("registry:detail", workspace, model.uid)
    return render(request, "registry/model_new.html", _context(member) | {"form": form})


@require_GET
@login_required
def model_file(request: Request, workspace: str, uid: UUID, path: str) -> FileResponse:
    """One file of an adapter."""
    member = access_member(request.user, workspace, to="build")
    model = access_model(member, uid)
    file = model.facts.get("files", {}).get(path)
    if file is None:
        raise NotFound("No such file.")
    stream = file_store().open(file["key"])
    return FileResponse(stream, as_attachment=True, filename=path.rsplit("/", 1)[-1])


def _newest(model: LanguageModel, recipe: str) -> Any:  # a Run, of an app above
    """The newest run that did this with it, or is about to."""
    runs = model.runs.filter(recipe=recipe).exclude(job__state__in=["failed", "cancelled"])
    return runs.select_related("job").order_by("-pk").first()


def _endpoints(member: Member) -> Iterable[LanguageModel]:
    """Whose answers may be held against an adapter's; nothing for who may not ask them."""
    if not member.has(Role.ENGINEER):
        return []
    models = LanguageModel.objects.of_workspace(member.workspace).filter(kind=ModelKind.ENDPOINT)
    return models.exclude(stage=Stage.RETIRED).order_by("name")


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
