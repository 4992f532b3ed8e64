"""Comparing two builds of a dataset, once: both are frozen."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.datasets.errors import NotBuilt
from evalhub.datasets.models import DIFF, DatasetBuild, DiffReport
from evalhub.datasets.queries import diff
from evalhub.datasets.reading import Lines, opened, texts_of
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import ENDED
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job

SHOWN = 160  # characters of an example's prompt


@transaction.atomic
def start_diff(*, old: DatasetBuild, new: DatasetBuild, by: Member) -> DiffReport:
    """Queue the comparison, or give the one that is there or under way.

    Raises:
        NotBuilt: one of them has no rows.
    """
    if not (old.is_built and new.is_built):
        raise NotBuilt("Two finished builds can be compared; one of these is none.")
    DatasetBuild.objects.select_for_update(no_key=True).get(pk=new.pk)  # two who ask at once
    for found in DiffReport.objects.filter(old=old, new=new).select_related("job"):
        if found.made_at or found.job.state not in ENDED:
            return found
    report = DiffReport(old=old, new=new, created_by=by)
    report.job = queue_job(
        kind=DIFF,
        title=f"Compare builds of {new.dataset.name}",
        workspace=new.workspace,
        by=by,
        subject_uid=report.uid,
    )
    report.save()
    record(
        "build.compared",
        actor=by.pseudonym,
        workspace=new.workspace.slug,
        target=f"build {new.uid}",
        old=str(old.uid),
    )
    return report


def make_diff(job: Job, beat: Beat) -> dict[str, Any]:
    """Walk both lineages, then look up the texts of the few examples."""
    report = DiffReport.objects.select_related("old__job", "new__job").get(job=job)
    if report.made_at is None:
        body = asdict(diff(report.old, report.new, beat=beat.report))
        _show(report, body["examples"], beat)
        with beat.fenced():
            report.body, report.made_at = body, timezone.now()
            report.save(update_fields=["body", "made_at"])
    return {"diff": str(report.uid)}


def _show(report: DiffReport, examples: list[dict[str, Any]], beat: Beat) -> None:
    with ExitStack() as stack:
        files: dict[tuple[int, str], Lines] = {}
        for each in examples:
            beat.report()
            build = report.old if each["change"] == "removed" else report.new
            key = (build.pk, each["split"])
            if key not in files:
                stream = stack.enter_context(opened(build, f"{each['split']}.jsonl"))
                files[key] = Lines(stream)
            row = files[key].named(each["id"])
            each["text"] = texts_of(row)[0][1][:SHOWN] if row else ""
