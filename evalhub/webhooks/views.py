from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.webhooks.access import access_delivery, access_webhook
from evalhub.webhooks.choices import EVENTS
from evalhub.webhooks.forms import AddForm, ChangeForm
from evalhub.webhooks.models import Webhook
from evalhub.webhooks.services import (
    Made,
    add_webhook,
    change_webhook,
    redeliver,
    remove_webhook,
    rotate_secret,
    send_test,
)


@require_GET
@login_required
def webhook_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    webhooks = Webhook.objects.standing().filter(workspace=member.workspace)
    context = _context(member) | {"webhooks": webhooks, "events": EVENTS}
    return render(request, "webhooks/webhook_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def webhook_add(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    form = AddForm(request.POST or None)
    if form.is_valid():
        try:
            made = add_webhook(workspace=member.workspace, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return _once(request, member, made)
    status = 422 if form.errors else 200
    return render(
        request, "webhooks/webhook_add.html", _context(member) | {"form": form}, status=status
    )


@login_required
@require_http_methods(["GET", "POST"])
def webhook_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """How it is set up, to change; and what was sent, newest first."""
    member = access_member(request.user, workspace, to="engineer")
    webhook = access_webhook(member, uid)
    first = {"name": webhook.name, "events": webhook.events, "is_on": webhook.is_on}
    form = ChangeForm(request.POST or None, initial=first)
    if form.is_valid():
        change_webhook(webhook=webhook, by=member, **form.cleaned_data)
        return redirect("webhooks:detail", workspace, uid)
    page = newest_first(webhook.deliveries.all(), before=request.GET.get("before", ""), size=20)
    context = _context(member) | {"webhook": webhook, "form": form, "page": page}
    status = 422 if form.errors else 200
    return render(request, "webhooks/webhook_detail.html", context, status=status)


@require_POST
@login_required
def webhook_secret(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    return _once(request, member, rotate_secret(webhook=access_webhook(member, uid), by=member))


@require_POST
@login_required
def webhook_test(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    send_test(webhook=access_webhook(member, uid), by=member)
    return redirect("webhooks:detail", workspace, uid)


@require_POST
@login_required
def webhook_remove(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    remove_webhook(webhook=access_webhook(member, uid), by=member)
    return redirect("webhooks:list", workspace)


@require_POST
@login_required
def delivery_again(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    delivery = redeliver(delivery=access_delivery(member, uid), by=member)
    return redirect("webhooks:detail", workspace, delivery.webhook.uid)


def _once(request: Request, member: Member, made: Made) -> HttpResponse:
    """The secret is shown here and never again."""
    context = _context(member) | {"webhook": made.webhook, "secret": made.secret}
    return render(request, "webhooks/webhook_secret.html", context)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
