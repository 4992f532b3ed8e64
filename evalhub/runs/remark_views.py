from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.runs.access import access_run
from evalhub.runs.forms import RemarksForm
from evalhub.runs.models import RunNote
from evalhub.runs.remarks import keep_note, tag_run


@require_http_methods(["GET", "POST"])
@login_required
def remarks(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The tags of a run, and the member's own note on it."""
    member = access_member(request.user, workspace, to="engineer")
    run = access_run(member, uid)
    mine = RunNote.objects.filter(run=run, member=member).first()
    first = {"tags": ", ".join(run.tags), "note": mine.text if mine else ""}
    form = RemarksForm(request.POST or None, initial=first)
    if form.is_valid():
        try:
            tag_run(run=run, tags=form.cleaned_data["tags"].split(","), by=member)
        except DomainError as error:
            form.add_error("tags", str(error))
        else:
            keep_note(run=run, text=form.cleaned_data["note"], by=member)
            return redirect("runs:detail", workspace, uid)
    context = {"member": member, "workspace": member.workspace, "run": run, "form": form}
    return render(request, "runs/remarks.html", context, status=422 if form.errors else 200)
