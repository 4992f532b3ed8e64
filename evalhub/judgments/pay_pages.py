"""What the pages of pay share: the period that is asked for, and its lines as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone

from evalhub.judgments.forms import PeriodForm
from evalhub.judgments.pay.earned import Line
from evalhub.judgments.pay.runs import pay_csv

DAY = timedelta(days=1)


class Period(NamedTuple):
    form: PeriodForm
    begin: datetime | None
    end: datetime  # not itself


def period_asked(given: QueryDict, *, first: date | None = None) -> Period:
    """Where nothing is asked for: from `first` to today; None: this month."""
    today = timezone.localdate()
    begin = today.replace(day=1) if first is None else min(first, today)
    form = PeriodForm(given if "end" in given else {"begin": begin, "end": today})
    if not form.is_valid():
        return Period(form, midnight(today), midnight(today + DAY))
    asked, end = form.cleaned_data["begin"], form.cleaned_data["end"]
    return Period(form, None if asked is None else midnight(asked), midnight(end + DAY))


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def pay_file(lines: Sequence[Line], name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(pay_csv(lines), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
