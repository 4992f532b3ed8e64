from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.datasets.access import access_build
from evalhub.datasets.queries import SPLITS
from evalhub.lineage.access import access_check
from evalhub.lineage.forms import CheckForm
from evalhub.lineage.overlaps import WAYS
from evalhub.lineage.services import start_check, stored_set


@login_required
@require_http_methods(["GET", "POST"])
def checks(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """In which sets this build was looked for, and one more."""
    member = access_member(request.user, workspace, to="build")
    build = access_build(member, uid)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = CheckForm(*sent, workspace=member.workspace)
    if form.is_valid():
        try:
            check = start_check(build=build, against=_against(form), by=member)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("lineage:check", workspace, check.uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "build": build,
        "checks": build.contamination_checks.select_related("job", "created_by")[:50],
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "lineage/checks.html", context, status=status)


@require_GET
@login_required
def check_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What was found; htmx asks every two seconds until there is something."""
    member = access_member(request.user, workspace, to="build")
    check = access_check(member, uid)
    result = check.result
    splits = [
        (split, result["rows"][split], hit, [(how, result["ways"][how][split]) for how in WAYS])
        for split in SPLITS
        if (hit := result.get("contaminated", {}).get(split)) is not None
    ]
    context = {
        "member": member,
        "workspace": member.workspace,
        "check": check,
        "build": check.build,
        "job": check.job,
        "splits": splits,
        "result": result,
    }
    template = "lineage/check_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


def _against(form: CheckForm) -> dict[str, str]:
    chosen = form.cleaned_data
    if chosen["collection"]:
        return {"kind": "collection", "name": chosen["collection"].slug}
    if chosen["other"]:
        return {"kind": "build", "name": str(chosen["other"].uid)}
    if chosen["benchmark"]:
        return {"kind": "benchmark", "name": chosen["benchmark"].name}
    return stored_set(filename=chosen["file"].name, stream=chosen["file"])
