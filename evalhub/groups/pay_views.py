"""What the people of a manager's groups earned; owners close pay runs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.groups.queries import earned_by_people
from evalhub.judgments.pay.earned import earned_totals, sums_of
from evalhub.judgments.pay_pages import pay_file, period_asked


@never_cache
@require_GET
@login_required
def pay(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="manage")
    asked = period_asked(request.GET)
    lines = earned_by_people(member, begin=asked.begin, end=asked.end)
    context = {
        "member": member,
        "workspace": member.workspace,
        "tab": "pay",
        "form": asked.form,
        "people": earned_totals(lines),
        "sums": sums_of(lines),
        "query": request.GET.urlencode(),
    }
    return render(request, "groups/pay.html", context, status=422 if asked.form.errors else 200)


@never_cache
@require_GET
@login_required
def pay_csv(request: Request, workspace: str) -> StreamingHttpResponse:
    member = access_member(request.user, workspace, to="manage")
    asked = period_asked(request.GET)
    lines = earned_by_people(member, begin=asked.begin, end=asked.end)
    return pay_file(lines, "pay.csv")
