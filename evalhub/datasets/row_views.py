"""The rows of a build, one row with all that stands behind it, the card, and what changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.datasets.access import access_build, access_diff
from evalhub.datasets.diffing import start_diff
from evalhub.datasets.forms import OtherBuildForm, PageForm, RowsForm, SendBackForm
from evalhub.datasets.lineage import lineage_of
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import in_order
from evalhub.datasets.reading import Row, opened, row_named, rows_page, texts_of
from evalhub.datasets.sending import finding_of, start_sending_back
from evalhub.datasets.sightings import finding_page

CHANGES = ("added", "removed", "changed")


@require_GET
@login_required
def rows(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A page of one split's rows; what the form finds wrong falls back to the first page."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    form = RowsForm(request.GET)
    asked = form.chosen()
    page = rows_page(build, asked.split, place=asked.place, text=asked.text)
    context = _context(member, build) | {
        "form": form,
        "asked": asked,
        "page": page,
        "rows": [_told(Row(*each)) for each in page.rows],
        "total": build.rows.get(asked.split, 0),
        "splits": in_order(build.rows),
    }
    return render(request, "datasets/rows.html", context)


@require_GET
@login_required
def row(request: Request, workspace: str, uid: UUID, row: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    found = row_named(build, row)
    texts = texts_of(found.row)
    shown = {name for name, _ in texts}
    context = _context(member, build) | {
        "row": found.row,
        "texts": texts,
        "values": [(name, found.row[name]) for name in sorted(found.row.keys() - shown)],
        "line": found.lineage,
        "lineage": lineage_of(member.workspace, found.lineage),
    }
    return render(request, "datasets/row.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def finding_rows(request: Request, workspace: str, uid: UUID, finding: str) -> HttpResponse:
    """The rows that a finding is about; whoever may review sends their judgments back."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    found = finding_of(build, finding)
    form = SendBackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reviewer = access_member(request.user, workspace, to="review")
        reason = form.cleaned_data["reason"]
        job = start_sending_back(build=build, finding=finding, reason=reason, by=reviewer)
        return redirect("jobs:detail", workspace, job.uid)
    asked = PageForm(request.GET).chosen()
    page = finding_page(build, found, place=asked.place)
    context = _context(member, build) | {
        "finding": found,
        "form": form,
        "may_return": bool({Role.REVIEWER, Role.LEAD} & set(member.roles)),
        "rows": [_told(each) for each in page.rows],
        "first": asked.shown + 1,
        "last": asked.shown + len(page.rows),
        "following": page.following,
    }
    return render(request, "datasets/finding.html", context)


def _told(found: Row) -> dict[str, Any]:
    return {"row": found.row, "texts": texts_of(found.row), "lineage": found.lineage}


@require_GET
@login_required
def card(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The card as it was stored with the build, below a title of the page's own."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    with opened(build, "card.md") as stream:
        _, _, text = stream.read().decode().partition("\n")
    return render(request, "datasets/card.html", _context(member, build) | {"text": text})


@require_POST
@login_required
def diff_start(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Compare it with another build of the same dataset, or show what was once found."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    form = OtherBuildForm(request.POST, build=build)
    if not form.is_valid():
        return redirect("datasets:build", workspace, uid)
    other: DatasetBuild = form.cleaned_data["other"]
    old, new = sorted([build, other], key=lambda each: each.pk)
    report = start_diff(old=old, new=new, by=member)
    return redirect("datasets:diff", workspace, report.uid)


@require_GET
@login_required
def diff(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The live part alone for htmx, which asks every two seconds until it is made."""
    member = access_member(request.user, workspace, to="build")
    report = access_diff(member, uid)
    examples = report.body.get("examples", [])
    context = _context(member, report.new) | {
        "report": report,
        "job": report.job,
        "changes": [
            (change, report.body[change], [each for each in examples if each["change"] == change])
            for change in CHANGES
            if report.made_at
        ],
    }
    return render(request, "datasets/diff.html" + ("#live" if request.htmx else ""), context)


def _context(member: Member, build: DatasetBuild) -> dict[str, Any]:
    context = {"member": member, "workspace": member.workspace}
    return context | {"build": build, "dataset": build.dataset}
