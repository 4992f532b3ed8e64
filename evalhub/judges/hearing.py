"""News of judgings that were cut off while nobody worked on them."""

from __future__ import annotations

from evalhub.jobs.choices import JobState
from evalhub.jobs.models import News
from evalhub.jobs.services import queue_job
from evalhub.judges.choices import KEEP
from evalhub.judges.models import Judging
from evalhub.judges.services import JUDGE


def job_ended(news: News) -> None:
    """Its worker stores what it heard; where that one had died, or it waited for another, one is asked to."""
    if news.body["kind"] != JUDGE or news.body["state"] == JobState.SUCCEEDED:
        return
    begun = Judging.objects.filter(run__job__uid=news.subject_uid, run__job__attempt__gt=0)
    judging = begun.filter(ended_at=None).first()
    if judging is not None:
        queue_job(
            kind=KEEP,
            title=f"Keep what {judging.prompt.judge} has said",
            workspace=judging.source.workspace,
            by=None,
            subject_uid=judging.uid,
            payload={"judging": str(judging.uid)},
        )
