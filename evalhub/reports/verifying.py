"""Proof that reports that are kept equal a recount: computed once more from the answers, with the same draws."""

from __future__ import annotations

import json

from evalhub.common.differing import first_difference
from evalhub.quality.counters import Beat, Verified
from evalhub.quality.verifying import Recount, moved_since
from evalhub.reports.making import REPORTS, SHAPE, Read
from evalhub.reports.models import Report


def verify_reports(beat: Beat = lambda: None) -> Verified:
    """The newest report of each kind of each campaign. One whose answers have changed since is put off, as it says
    what was so when it was made, and so is one that an earlier version of evalhub made.

    A report names models, people and slices as they were: where one has another name since, that is told as well.
    """
    found = Recount("reports")
    made = Report.objects.exclude(made_at=None).order_by("campaign_id", "kind", "-pk")
    read: Read | None = None
    for report in made.distinct("campaign_id", "kind").select_related("campaign"):
        beat()
        if report.shape != SHAPE or moved_since(report.campaign, report.created_at):
            found.put_off += 1
            continue
        if read is None or read.campaign.pk != report.campaign_id:
            read = Read(report.campaign)
        body = json.loads(json.dumps(REPORTS[report.kind](read, beat=beat)))
        what = f"{report.kind} {report.uid} of campaign {report.campaign.uid}"
        found.row(what, first_difference(report.body, body))
    return found.done()
