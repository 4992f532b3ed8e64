from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.attachments import attachment
from evalhub.common.errors import DomainError
from evalhub.common.files import file_store
from evalhub.common.paging import newest_first
from evalhub.datasets.access import access_build, access_dataset, access_named
from evalhub.datasets.card import licences_of
from evalhub.datasets.choices import ANSWERS, BuildKind
from evalhub.datasets.definition import in_words
from evalhub.datasets.definition_form import DatasetForm
from evalhub.datasets.errors import NotBuilt
from evalhub.datasets.forms import OtherBuildForm
from evalhub.datasets.models import Dataset, DatasetBuild
from evalhub.datasets.queries import SPLITS, slice_tables, told_in_percent, too_long
from evalhub.datasets.reading import rows_page, texts_of
from evalhub.datasets.rows import LEARNT
from evalhub.datasets.services import create_dataset, start_build
from evalhub.registry.models import LanguageModel, ModelKind

SHOWN = 10  # rows on the page of a build


@require_GET
@login_required
def dataset_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    datasets = Dataset.objects.filter(workspace=member.workspace)
    page = newest_first(datasets, before=request.GET.get("before", ""))
    return render(request, "datasets/dataset_list.html", _context(member) | {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def dataset_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    like = access_named(member, request.GET["like"]) if "like" in request.GET else None
    form = DatasetForm(request.POST or None, workspace=member.workspace, like=like)
    if form.is_valid():
        try:
            dataset = create_dataset(
                workspace=member.workspace,
                name=form.cleaned_data["name"],
                kind=BuildKind(form.cleaned_data["kind"]),
                definition=form.definition(),
                by=member,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("datasets:dataset", workspace, dataset.uid)
    return render(
        request, "datasets/dataset_new.html", _context(member) | {"form": form, "like": like}
    )


@require_GET
@login_required
def dataset_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    dataset = access_dataset(member, uid)
    builds = dataset.builds.select_related("job", "created_by")
    context = _context(member) | {
        "dataset": dataset,
        "definition": in_words(dataset.definition),
        "page": newest_first(builds, before=request.GET.get("before", "")),
    }
    return render(request, "datasets/dataset_detail.html", context)


@require_POST
@login_required
def build_start(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    build = start_build(dataset=access_dataset(member, uid), by=member)
    return redirect("datasets:build", workspace, build.uid)


@require_GET
@login_required
def build_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The live part alone for htmx, which asks every two seconds until the build has ended."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    context = _context(member) | {
        "build": build,
        "dataset": build.dataset,
        "job": build.job,
        "manifest": build.manifest,
        "definition": in_words(build.definition),
        "licence": ", ".join(licences_of(build.manifest)) if build.is_built else "",
        "splits": [(split, build.rows[split]) for split in SPLITS] if build.is_built else [],
        "report": told_in_percent(build.manifest.get("report", {})),
        "too_long": too_long(build),
        "counts": sorted(build.token_lengths.values(), key=lambda each: each["at"], reverse=True),
        "bases": _bases(build),
        "slices": slice_tables(build.manifest.get("slices", [])),
        "files": sorted(build.files.items()),
        "rows": list(_first_rows(build)) if "train.jsonl" in build.files else [],
        "others": OtherBuildForm(build=build) if build.is_built else None,
        "may_train": member.has(Role.ENGINEER) and build.kind in LEARNT and build.rows.get("train"),
    }
    template = "datasets/build_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@require_GET
@login_required
def build_file(request: Request, workspace: str, uid: UUID, name: str) -> FileResponse:
    """One file of the build, as an attachment: nothing that people wrote is shown as a page."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    if name not in build.files:
        raise NotBuilt("This build has no such file.")
    stream = file_store().open(build.files[name]["key"])
    return attachment(stream, name)


def _bases(build: DatasetBuild) -> list[LanguageModel]:
    """For which the tokens of a build can be counted."""
    if build.kind not in ANSWERS or not build.is_built or build.erased_at or build.crossed_at:
        return []
    models = LanguageModel.objects.of_workspace(build.workspace)
    return list(models.filter(kind=ModelKind.BASE).order_by("name", "pk")[:50])


def _first_rows(build: DatasetBuild) -> Iterator[dict[str, Any]]:
    """The first rows of the training split, each with the reason why it is there."""
    for row, line in rows_page(build, "train").rows[:SHOWN]:
        yield {"row": row, "texts": texts_of(row), "lineage": line}


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
