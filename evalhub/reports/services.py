from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.common.files import digest_of_file, file_store
from evalhub.common.parquet import must_be_installed
from evalhub.jobs.choices import ENDED
from evalhub.jobs.services import cancel_job, queue_job
from evalhub.reports.choices import ExportFormat, ReportKind
from evalhub.reports.errors import ExportExpired, NotExported
from evalhub.reports.exporting import export_judgments
from evalhub.reports.jobs import sweep_exports
from evalhub.reports.models import MAKE, WRITE, Export, Report
from evalhub.reports.queries import kinds_of


@transaction.atomic
def start_export(
    *, campaign: Campaign, format: ExportFormat, everything: bool, by: Member
) -> Export:
    """Queue the writing of a campaign's judgments into a file.

    Args:
        everything: also those that do not count, each marked with its state.

    Raises:
        ParquetNotInstalled: Parquet needs pyarrow, and it is not there.
    """
    _must_be_possible(format)
    export = Export(
        workspace=campaign.workspace,
        campaign=campaign,
        format=format,
        everything=everything,
        created_by=by,
    )
    export.job = queue_job(
        kind=WRITE,
        title=f"Export {campaign}",
        workspace=campaign.workspace,
        by=by,
        subject_uid=export.uid,
    )
    export.save()
    about = {"campaign": str(campaign.uid), "format": format, "everything": everything}
    _record("export.started", export, by, **about)
    return export


@transaction.atomic
def start_report(*, campaign: Campaign, kind: ReportKind, by: Member) -> Report:
    """Queue the computing of a report; one that is under way is given instead of a second."""
    [report] = _started(campaign, [kind], title=f"{kind.label}: {campaign}", by=by)
    return report


@transaction.atomic
def start_reports(*, campaign: Campaign, by: Member) -> list[Report]:
    """Queue all reports that the campaign has as one job, which reads the answers once.

    Returns:
        one of each kind; of a kind that is under way that one, which is not made a second time.
    """
    return _started(campaign, kinds_of(campaign), title=f"All reports: {campaign}", by=by)


def _started(
    campaign: Campaign, kinds: Sequence[ReportKind], *, title: str, by: Member
) -> list[Report]:
    Campaign.objects.select_for_update(no_key=True).get(
        pk=campaign.pk
    )  # two who ask at once get the same
    waiting = campaign.reports.filter(kind__in=kinds, made_at=None).exclude(job__state__in=ENDED)
    found = {ReportKind(report.kind): report for report in waiting}
    new = [
        Report(campaign=campaign, kind=kind, created_by=by) for kind in kinds if kind not in found
    ]
    if new:
        job = queue_job(
            kind=MAKE,
            title=title,
            workspace=campaign.workspace,
            by=by,
            subject_uid=new[0].uid if len(new) == 1 else campaign.uid,
        )
        for report in new:
            report.job = job
            report.save()
            record(
                "report.started",
                actor=by.pseudonym,
                workspace=campaign.workspace.slug,
                target=f"report {report.uid}",
                campaign=str(campaign.uid),
                kind=report.kind,
            )
    found |= {ReportKind(report.kind): report for report in new}
    return [found[kind] for kind in kinds]


def open_export(*, export: Export, by: Member) -> BinaryIO:
    """The file; who took the data out stands in the audit log.

    Raises:
        NotExported: it is not written yet, or never will be.
        ExportExpired: it was deleted since.
    """
    if export.is_expired or (export.file_key and not file_store().exists(export.file_key)):
        told = _("The file of this export is gone after a week; export once more.")
        raise ExportExpired(told)
    if not export.digest:
        told = _("This export has no file: its job is %(state)s.")
        raise NotExported(told % {"state": export.job.state})
    stream = file_store().open(export.file_key)
    _record("export.downloaded", export, by, digest=export.digest, rows=export.rows)
    return stream


def export_to_file(
    *,
    campaign: Campaign,
    format: ExportFormat,
    everything: bool,
    target: Path,
    report: Callable[[int, int], object],
) -> dict[str, Any]:
    """Write a campaign's judgments to a file of this machine, for a command; see export_judgments."""
    _must_be_possible(format)
    about = {"format": format, "everything": everything, "file": target.name}
    _by_command("export.begun_by_command", campaign, **about)
    found = export_judgments(
        campaign, format=format, everything=everything, target=target, report=report
    )
    written: dict[str, Any] = {  # JSON
        "rows": found.rows,
        "bytes": target.stat().st_size,
        "digest": digest_of_file(target),
        "left_out": found.left_out,
    }
    _by_command("export.written_by_command", campaign, **about, **written)
    return written


def _must_be_possible(format: ExportFormat) -> None:
    """Said ahead of the work, and not by a job that fails."""
    if format == ExportFormat.PARQUET:
        must_be_installed()


def _by_command(verb: str, campaign: Campaign, **details: Any) -> None:  # Any: JSON
    slug, target = campaign.workspace.slug, f"campaign {campaign.uid}"
    record(verb, actor="system", workspace=slug, target=target, **details)


def _record(verb: str, export: Export, by: Member, **details: Any) -> None:  # Any: JSON
    record(
        verb,
        actor=by.pseudonym,
        workspace=export.workspace.slug,
        target=f"export {export.uid}",
        **details,
    )


def end_exports(*, campaigns: Sequence[int], by: Member | None = None) -> int:
    """Delete every file that was made of these campaigns, and stop those that are being made.

    Args:
        campaigns: their keys.

    Returns:
        How many files there were.
    """
    exports = Export.objects.filter(campaign__in=campaigns)
    for export in exports.exclude(job__state__in=ENDED).select_related("job"):
        cancel_job(job=export.job, by=by)
    made = exports.exclude(file_key="").update(expires_at=timezone.now())
    sweep_exports()
    return made
