from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.runs.costs import price_of
from evalhub.runs.forms import DevicePriceForm
from evalhub.runs.prices import set_device_price


@require_http_methods(["GET", "POST"])
@login_required
def device_price(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="engineer")
    price = price_of(member.workspace)
    first = {"amount": price.amount.normalize(), "currency": price.currency} if price else {}
    form = DevicePriceForm(request.POST or None, initial=first)
    if form.is_valid():
        set_device_price(**form.cleaned_data, by=member)
        return redirect("runs:list", workspace)
    context = {"member": member, "workspace": member.workspace, "form": form}
    return render(request, "runs/price.html", context, status=422 if form.errors else 200)
