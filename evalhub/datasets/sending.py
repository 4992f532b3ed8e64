"""Sending the judgments behind a finding's rows back to those who made them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import Conflict, NotFound
from evalhub.datasets.findings import WORDS
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.sightings import rows_with
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.judgments.errors import UnfitReturn
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.returns import return_judgment

SEND_BACK = "datasets.send_back"
MOST_ROWS = 500  # at a time: nobody's My work is to be flooded by one press


def finding_of(build: DatasetBuild, name: str) -> dict[str, Any]:
    """Raise NotFound where the report of the build has no such finding about rows."""
    found: list[dict[str, Any]] = build.manifest.get("report", {}).get("findings", [])
    for each in found:
        if each["name"] == name and each["rows"]:
            return each
    raise NotFound("The report of this build has no such finding.")


@transaction.atomic
def start_sending_back(*, build: DatasetBuild, finding: str, reason: str, by: Member) -> Job:
    """Queue the return of what people said of the rows of a finding, of the first MOST_ROWS.

    Raises:
        NotFound: the report has no such finding.
        UnfitReturn: no reason was given.
    """
    finding_of(build, finding)
    if not reason.strip():
        raise UnfitReturn("Say why; their authors read it.", field="reason")
    job = queue_job(
        kind=SEND_BACK,
        title=f"Send back: {WORDS[finding]}",
        workspace=build.workspace,
        by=by,
        subject_uid=build.uid,
        payload={"finding": finding, "reason": reason.strip()},
    )
    record(
        "build.sent_back",
        actor=by.pseudonym,
        workspace=build.workspace.slug,
        target=f"build {build.uid}",
        finding=finding,
    )
    return job


def send_back(job: Job, beat: Beat) -> dict[str, Any]:
    """Each judgment once; what was returned, revised or withdrawn meanwhile, and what no person made
    here, is counted and stays.
    """
    by, counts = job.created_by, {"rows": 0, "returned": 0, "passed_over": 0}
    if by is None or job.subject_uid is None:
        raise ValueError("somebody sends back what a build is made of")
    build = DatasetBuild.objects.select_related("workspace", "job").get(uid=job.subject_uid)
    for row in rows_with(build, finding_of(build, job.payload["finding"]), MOST_ROWS):
        counts["rows"] += 1
        judgments = Judgment.objects.filter(
            workspace=build.workspace, uid__in=row.lineage["judgments"]
        )
        for judgment in judgments.select_related("workspace", "campaign").order_by("pk"):
            beat.report(done=counts["rows"], note="returning judgments")
            try:
                return_judgment(judgment=judgment, reason=job.payload["reason"], by=by)
            except Conflict:
                counts["passed_over"] += 1
            else:
                counts["returned"] += 1
    return counts
