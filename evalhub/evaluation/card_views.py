from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.evaluation.card import card_of
from evalhub.evaluation.forms import CardForm
from evalhub.evaluation.services import note_looks
from evalhub.registry.access import access_model
from evalhub.registry.services import describe_model


@login_required
@require_http_methods(["GET", "POST"])
def model_card(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A model's card; whoever may engineer says its licence and limits there."""
    posts = request.method == "POST"
    member = access_member(request.user, workspace, to="engineer" if posts else "build")
    model = access_model(member, uid)
    form = CardForm(
        request.POST or None, initial={"licence": model.licence, "limits": model.limits}
    )
    if form.is_valid():
        describe_model(model=model, by=member, **form.cleaned_data)
        return redirect("evaluation:card", workspace, uid)
    card = card_of(model)
    note_looks(by=member, digests=[card["set_digest"]] if card["set_digest"] else [])
    context = {
        "member": member,
        "workspace": member.workspace,
        "model": model,
        "card": card,
        "form": form,
        "may_describe": member.has(Role.ENGINEER),
    }
    status = 422 if form.errors else 200
    return render(request, "evaluation/model_card.html", context, status=status)
