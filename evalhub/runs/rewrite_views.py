from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.prompts.access import access_collection
from evalhub.runs.forms import RewriteForm
from evalhub.runs.models import Rewriting
from evalhub.runs.rewriting.queries import told_of
from evalhub.runs.rewriting.services import start_rewriting

SHOWN = 20


@login_required
@require_http_methods(["GET", "POST"])
def rewrite(request: Request, workspace: str, slug: str) -> HttpResponse:
    """What was written anew of a collection, and once more; htmx asks for the list while it changes."""
    member = access_member(request.user, workspace, to="engineer")
    collection = access_collection(member, slug)
    form = RewriteForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        try:
            start_rewriting(collection=collection, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:rewrite", workspace, slug)
    rewritings = Rewriting.objects.filter(source=collection).select_related(
        "target", "source", "first__job", "second__job", "first__model", "created_by"
    )[:SHOWN]
    told = [told_of(each) for each in rewritings]
    context = {
        "member": member,
        "workspace": member.workspace,
        "collection": collection,
        "form": form,
        "rewritings": told,
        "is_live": any(not each.is_over for each in told),
    }
    template = "runs/rewrite.html" + ("#rows" if request.htmx else "")
    return render(request, template, context, status=422 if form.errors else 200)
