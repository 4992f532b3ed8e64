from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.judgments.forms import DeskForm
from evalhub.judgments.models import DeskSettings
from evalhub.judgments.services.desk import set_desk

SETTINGS = ("preset", "keys", "auto_advance", "auto_submit")


@login_required
@require_http_methods(["GET", "POST"])
def desk(request: Request, workspace: str) -> HttpResponse:
    """Keys and habits of the annotator's page, for the one who looks."""
    member = access_member(request.user, workspace, to="judge")
    settings = DeskSettings.objects.filter(member=member).first() or DeskSettings(member=member)
    form = DeskForm(request.POST or None, desk=settings)
    if form.is_valid():
        set_desk(member=member, **{name: form.cleaned_data[name] for name in SETTINGS})
        messages.success(request, _("The page works like that from the next task on."))
        return redirect("judgments:mine", workspace)
    context = {"member": member, "workspace": member.workspace, "form": form}
    return render(request, "judgments/desk.html", context, status=422 if form.errors else 200)
