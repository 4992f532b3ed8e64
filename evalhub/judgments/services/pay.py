from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.money import amount_of
from evalhub.judgments.errors import NothingToPay, PeriodNotOver
from evalhub.judgments.models import PayLine, PayRun
from evalhub.judgments.pay.earned import sums_of
from evalhub.judgments.pay.runs import lines_by, newest_run
from evalhub.judgments.pay.statements import PAID

YOUNG = 60  # seconds after which no transaction with an older judgment is still under way


@transaction.atomic
def close_pay_run(*, workspace: Workspace, ends_at: datetime, by: Member) -> PayRun:
    """Pay everything judged before `ends_at` that no run has paid; take back what is due no more.

    Raises:
        PeriodNotOver: `ends_at` is not past, or not after the end of the run before.
        NothingToPay: there is nothing to pay and nothing to take back.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two owners: in turn
    last = newest_run(workspace)
    begins_at = None if last is None else last.ends_at
    young = timedelta(seconds=max(YOUNG, 2 * settings.EVALHUB_UNDO_SECONDS))
    if ends_at > timezone.now() - young or (begins_at is not None and ends_at <= begins_at):
        raise PeriodNotOver(_("A pay run ends in the past, and after the one before it."))
    run = PayRun.objects.create(
        workspace=workspace, begins_at=begins_at, ends_at=ends_at, closed_by=by
    )
    lines = lines_by(PAID, workspace, begin=begins_at, end=ends_at, run=run.pk)
    if not lines:
        raise NothingToPay(_("Nothing is left to be paid for this time."))
    PayLine.objects.bulk_create(
        PayLine(
            run=run,
            member=line.member,
            rate=line.rate,
            is_correction=line.is_correction,
            judgments=line.judgments,
            untimed=line.untimed,
            active_ms=line.active_ms,
            amount=line.amount,
        )
        for line in lines
    )
    record(
        "pay_run.closed",
        actor=by.pseudonym,
        workspace=workspace.slug,
        target=f"pay run {run.uid}",
        ends_at=ends_at.isoformat(),
        sums={name: str(amount_of(sum_, name)) for name, sum_ in sums_of(lines).items()},
    )
    return run
