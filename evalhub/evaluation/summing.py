"""Asking for what people said of both models of a comparison to be summed up."""

from __future__ import annotations

from evalhub.accounts.models import Member
from evalhub.evaluation.choices import PEOPLE
from evalhub.evaluation.models import Comparison
from evalhub.evaluation.queries import newest_people
from evalhub.jobs.choices import Queue
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job


def sum_up_people(*, comparison: Comparison, by: Member | None = None) -> Job:
    """Queue the work of summing up what people said of both models' answers to held-out prompts.

    While it is waiting or under way, asking again gives the same job.
    """
    known = newest_people(comparison)
    if known is not None and not known.is_ended:
        return known
    return queue_job(
        kind=PEOPLE,
        title=f"What people say of {comparison.candidate.model}",
        workspace=comparison.workspace,
        by=by,
        subject_uid=comparison.uid,
        payload={"comparison": str(comparison.uid)},
        queue=Queue.DEFAULT,
    )
