"""Payroll, for owners: what people earned, and the pay runs that paid it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
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
from evalhub.judgments.forms import PayRunForm, PeriodForm
from evalhub.judgments.models import PayRun
from evalhub.judgments.pay.earned import Line, earned_in, earned_totals, sums_of, totals_of
from evalhub.judgments.pay.runs import lines_of, newest_run, open_lines, pay_csv
from evalhub.judgments.services.pay import close_pay_run

DAY = timedelta(days=1)
RUNS = 100  # that the page shows


class Period(NamedTuple):
    form: PeriodForm
    begin: datetime | None
    end: datetime  # not itself


@never_cache
@require_GET
@login_required
def pay(request: Request, workspace: str) -> HttpResponse:
    """What was earned in a period, what the next pay run would pay, and those that are closed."""
    member = access_member(request.user, workspace, to="own")
    last = newest_run(member.workspace)
    asked = _asked(request.GET, last)
    lines = earned_in(member.workspace, begin=asked.begin, end=asked.end)
    coming = open_lines(member.workspace, end=_midnight(timezone.localdate()))
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
    asked = _asked(request.GET, newest_run(member.workspace))
    lines = earned_in(member.workspace, begin=asked.begin, end=asked.end)
    return _as_file(lines, "pay.csv")


@require_POST
@login_required
def pay_run_close(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    form = PayRunForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say up to which day."))
        return redirect("judgments:pay", workspace)
    ends_at = _midnight(form.cleaned_data["end"] + DAY)
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
    return _as_file(lines_of(run), f"pay-run-{run.uid}.csv")


def _asked(given: QueryDict, last: PayRun | None) -> Period:
    """Where nothing is asked for: what came since the last pay run, or in this month."""
    today = timezone.localdate()
    first = today.replace(day=1) if last is None else timezone.localdate(last.ends_at)
    form = PeriodForm(given if "end" in given else {"begin": min(first, today), "end": today})
    if not form.is_valid():
        return Period(form, _midnight(today), _midnight(today + DAY))
    begin, end = form.cleaned_data["begin"], form.cleaned_data["end"]
    return Period(form, None if begin is None else _midnight(begin), _midnight(end + DAY))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _as_file(lines: Sequence[Line], name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(pay_csv(lines), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
