"""Payroll, for owners: what people earned, and the pay runs that paid it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import Conflict
from evalhub.judgments.access import access_pay_run
from evalhub.judgments.forms import PayRunForm
from evalhub.judgments.models import PayRun
from evalhub.judgments.pay.earned import Between, earned_in, earned_totals, sums_of, totals_of
from evalhub.judgments.pay.runs import lines_of, newest_run, payroll_of
from evalhub.judgments.pay_pages import DAY, Period, midnight, pay_file, period_asked
from evalhub.judgments.services.pay import close_pay_run

RUNS = 100  # that the page shows


@never_cache
@require_GET
@login_required
def pay(request: Request, workspace: str) -> HttpResponse:
    """What was earned in a period, what the next pay run would pay, and those that are closed."""
    member = access_member(request.user, workspace, to="own")
    last = newest_run(member.workspace)
    asked = _period(request, last)
    lines, coming = payroll_of(
        member.workspace, Between(asked.begin, asked.end), end=midnight(timezone.localdate())
    )
    context = _context(member) | {
        "form": asked.form,
        "people": earned_totals(lines),
        "sums": sums_of(lines),
        "coming": totals_of(coming),
        "coming_sums": sums_of(coming),
        "run_form": PayRunForm(initial={"end": timezone.localdate() - DAY}),
        "last": last,
        "runs": member.workspace.pay_runs.select_related("closed_by")[:RUNS],
        "query": request.GET.urlencode(),
    }
    return render(request, "judgments/pay.html", context, status=422 if asked.form.errors else 200)


@never_cache
@require_GET
@login_required
def period_csv(request: Request, workspace: str) -> StreamingHttpResponse:
    member = access_member(request.user, workspace, to="own")
    asked = _period(request, newest_run(member.workspace))
    lines = earned_in(member.workspace, begin=asked.begin, end=asked.end)
    return pay_file(lines, "pay.csv")


@require_POST
@login_required
def pay_run_close(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    form = PayRunForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say up to which day."))
        return redirect("judgments:pay", workspace)
    ends_at = midnight(form.cleaned_data["end"] + DAY)
    try:
        run = close_pay_run(workspace=member.workspace, ends_at=ends_at, by=member)
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("judgments:pay", workspace)
    messages.success(request, _("The pay run is closed; it stays as it is."))
    return redirect("judgments:pay_run", workspace, run.uid)


@never_cache
@require_GET
@login_required
def pay_run(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    run = access_pay_run(member, uid)
    lines = lines_of(run)
    context = _context(member) | {
        "run": run,
        "last_day": run.ends_at - timedelta(microseconds=1),
        "people": totals_of(lines),
        "sums": sums_of(lines),
        "lines": lines,
    }
    return render(request, "judgments/pay_run.html", context)


@never_cache
@require_GET
@login_required
def pay_run_csv(request: Request, workspace: str, uid: UUID) -> StreamingHttpResponse:
    member = access_member(request.user, workspace, to="own")
    run = access_pay_run(member, uid)
    return pay_file(lines_of(run), f"pay-run-{run.uid}.csv")


def _period(request: Request, last: PayRun | None) -> Period:
    """Where nothing is asked for: what came since the last pay run, or in this month."""
    first = None if last is None else timezone.localdate(last.ends_at)
    return period_asked(request.GET, first=first)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
