from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.prompts.access import access_collection
from evalhub.runs.forms import ScoreForm
from evalhub.runs.scoring.queries import authors_by, scorings_of
from evalhub.runs.scoring.services import start_scoring

SHOWN = 10


@login_required
@require_http_methods(["GET", "POST"])
def score(request: Request, workspace: str, slug: str) -> HttpResponse:
    """What a reward model thinks of a collection's answers; htmx asks for the list while it changes."""
    member = access_member(request.user, workspace, to="engineer")
    collection = access_collection(member, slug)
    form = ScoreForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        try:
            start_scoring(collection=collection, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:score", workspace, slug)
    runs = list(scorings_of(collection)[:SHOWN])
    models = dict.fromkeys(run.model for run in runs if run.model)
    context = {
        "member": member,
        "workspace": member.workspace,
        "collection": collection,
        "form": form,
        "runs": runs,
        "tables": [(model, authors_by(model, collection)) for model in models],
        "is_live": any(not run.job.is_ended for run in runs),
    }
    template = "runs/score.html" + ("#rows" if request.htmx else "")
    return render(request, template, context, status=422 if form.errors else 200)
