from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.prompts.access import access_collection
from evalhub.prompts.models import Prompt
from evalhub.runs.forms import GenerateForm
from evalhub.runs.generating.queries import generatings_of
from evalhub.runs.generating.services import start_generating

SHOWN = 20


@login_required
@require_http_methods(["GET", "POST"])
def generate(request: Request, workspace: str, slug: str) -> HttpResponse:
    """Which models answered a collection, and once more; htmx asks for the list while it changes."""
    member = access_member(request.user, workspace, to="engineer")
    collection = access_collection(member, slug)
    form = GenerateForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        try:
            start_generating(collection=collection, by=member, **form.asked)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:generate", workspace, slug)
    runs = list(generatings_of(collection)[:SHOWN])
    context = {
        "member": member,
        "workspace": member.workspace,
        "collection": collection,
        "prompts": Prompt.objects.of_collection(collection).in_use().count(),
        "form": form,
        "runs": runs,
        "is_live": any(not run.job.is_ended for run in runs),
    }
    template = "runs/generate.html" + ("#rows" if request.htmx else "")
    return render(request, template, context, status=422 if form.errors else 200)
