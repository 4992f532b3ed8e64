from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.registry.access import access_endpoint
from evalhub.registry.endpoints import add_endpoint, change_endpoint, retire_endpoint
from evalhub.registry.forms import EndpointForm, NewEndpointForm


@login_required
@require_http_methods(["GET", "POST"])
def endpoint_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    form = NewEndpointForm(request.POST or None)
    if form.is_valid():
        try:
            model = add_endpoint(
                workspace=member.workspace,
                name=form.cleaned_data["name"],
                access=form.access(),
                key=form.cleaned_data["key"],
                by=member,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("registry:detail", workspace, model.uid)
    return _page(request, member, form)


@login_required
@require_http_methods(["GET", "POST"])
def endpoint_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    endpoint = access_endpoint(member, uid)
    form = EndpointForm(request.POST or None, initial=EndpointForm.of(endpoint))
    if form.is_valid():
        try:
            change_endpoint(
                endpoint=endpoint, given=asdict(form.access()), key=form.new_key(), by=member
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("registry:detail", workspace, uid)
    return _page(request, member, form, endpoint=endpoint)


@login_required
@require_POST
def endpoint_retire(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    retire_endpoint(endpoint=access_endpoint(member, uid), by=member)
    return redirect("registry:detail", workspace, uid)


def _page(request: Request, member: Member, form: EndpointForm, **more: object) -> HttpResponse:
    context = {"member": member, "workspace": member.workspace, "form": form, "endpoint": None}
    status = 422 if form.errors else 200
    return render(request, "registry/endpoint_edit.html", context | more, status=status)
