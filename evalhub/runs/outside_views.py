from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.runs.outside import register_uploaded
from evalhub.runs.outside_forms import AdapterForm


@login_required
@require_http_methods(["GET", "POST"])
def adapter_new(request: Request, workspace: str) -> HttpResponse:
    """An adapter that was trained elsewhere, from its two files."""
    member = access_member(request.user, workspace, to="engineer")
    form = AdapterForm(request.POST or None, request.FILES or None, workspace=member.workspace)
    if form.is_valid():
        try:
            found = register_uploaded(workspace=member.workspace, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("registry:detail", workspace, found.model.uid)
    context = {"member": member, "workspace": member.workspace, "form": form}
    status = 422 if form.errors else 200
    return render(request, "runs/adapter_new.html", context, status=status)
