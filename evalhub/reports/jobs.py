"""Writing an export in the background, and clearing away what has expired."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evalhub.audit.services import record
from evalhub.common.files import file_store
from evalhub.common.uids import is_uid
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import ENDED
from evalhub.jobs.errors import JobReturned
from evalhub.jobs.models import Job
from evalhub.reports.choices import ExportFormat
from evalhub.reports.errors import ExportInUse
from evalhub.reports.exporting import export_judgments
from evalhub.reports.models import Export

KEPT = timedelta(days=7)


def write_export(job: Job, beat: Beat) -> dict[str, Any]:
    """Write the file and store it; an attempt on the same machine goes on with an earlier one's."""
    export = Export.objects.select_related("campaign__workspace").get(job=job)
    campaign = export.campaign
    target = _folder() / str(export.uid) / export.filename
    if not export.digest:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            found = export_judgments(
                campaign,
                format=ExportFormat(export.format),
                everything=export.everything,
                target=target,
                report=lambda done, total: beat.report(done=done, total=total),
            )
        except ExportInUse as error:  # the attempt before has lost its lease and not seen it yet
            raise JobReturned from error
        stored = file_store().put(target, under=_prefix(export), beat=beat.report)
        with beat.fenced():
            export.file_key, export.digest, export.bytes = stored
            export.rows, export.left_out = found
            export.expires_at = timezone.now() + KEPT
            export.save()
    shutil.rmtree(target.parent, ignore_errors=True)
    return {
        "rows": export.rows,
        "bytes": export.bytes,
        "digest": export.digest,
        "left_out": export.left_out,
    }


def make_reports(job: Job, beat: Beat) -> dict[str, Any]:
    """Compute the job's reports and keep each as soon as it is made; another attempt makes the rest.

    The import is here as it brings scipy, which no page needs.
    """
    from evalhub.reports.making import REPORTS, SHAPE, Read

    reports = list(job.reports.select_related("campaign").order_by("pk"))
    read = Read(reports[0].campaign)
    for report in reports:
        if report.made_at is None:
            body = REPORTS[report.kind](read, beat=beat.report)
            with beat.fenced():
                report.body, report.made_at, report.shape = body, timezone.now(), SHAPE
                report.save()
    return {"reports": [str(report.uid) for report in reports]}


def sweep_exports() -> None:
    """Delete files that have expired, and what exports that were cancelled or failed left here."""
    due = Export.objects.exclude(file_key="").filter(expires_at__lt=timezone.now())
    for pk in due.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            export = Export.objects.select_for_update(of=["self"]).get(pk=pk)
            file_store().delete(_prefix(export))
            export.file_key = ""
            export.save(update_fields=["file_key"])
            record(
                "export.expired",
                actor="system",
                workspace=export.workspace.slug,
                target=f"export {export.uid}",
            )
    if _folder().is_dir():
        begun = {each.name: each for each in _folder().iterdir() if is_uid(each.name)}
        ended = Export.objects.filter(uid__in=begun, job__state__in=ENDED)
        for uid in ended.values_list("uid", flat=True):
            shutil.rmtree(begun[str(uid)], ignore_errors=True)


def _folder() -> Path:
    return Path(settings.EVALHUB_DATA_DIR) / "exports"


def _prefix(export: Export) -> str:
    """A place of its own in the file store, as it is deleted: not among the blobs."""
    return f"exports/{export.uid}"
