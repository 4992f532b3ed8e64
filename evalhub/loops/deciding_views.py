from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.loops.deciding import decide_on
from evalhub.loops.forms import DecideForm
from evalhub.registry.access import access_model


@login_required
@require_http_methods(["GET", "POST"])
def model_decide(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Let a Loop's gate decide on any model that was trained."""
    member = access_member(request.user, workspace, to="engineer")
    model = access_model(member, uid)
    form = DecideForm(request.POST or None, model=model)
    if form.is_valid():
        try:
            round_ = decide_on(loop=form.cleaned_data["loop"], model=model, by=member)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("loops:round", workspace, round_.uid)
    context = {"member": member, "workspace": member.workspace, "form": form, "model": model}
    status = 422 if form.errors else 200
    return render(request, "loops/model_decide.html", context, status=status)
