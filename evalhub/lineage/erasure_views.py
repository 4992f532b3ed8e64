from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_colleague, access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.lineage.forms import ErasureForm
from evalhub.lineage.models import Erasure
from evalhub.lineage.services import start_erasure


@login_required
@require_http_methods(["GET", "POST"])
def erase(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What would go, and a yes by name; then how far it is, which htmx asks every two seconds."""
    member = access_member(request.user, workspace, to="own")
    colleague = access_colleague(member, uid)
    erasure = Erasure.objects.select_related("job", "asked_by").filter(member=colleague).first()
    form = ErasureForm(request.POST or None, pseudonym=colleague.pseudonym)
    if erasure is None and form.is_valid():
        try:
            start_erasure(member=colleague, by=member)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("lineage:erase", workspace, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "colleague": colleague,
        "erasure": erasure,
        "rows": sum(erasure.done.get("overwritten", {}).values()) if erasure else 0,
        "form": form,
    }
    template = "lineage/erase.html" + ("#live" if request.htmx and erasure else "")
    status = 422 if erasure is None and form.errors else 200
    return render(request, template, context, status=status)
