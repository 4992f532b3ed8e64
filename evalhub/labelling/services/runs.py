from __future__ import annotations

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.jobs.services import queue_job
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import LABEL, LabellingFunction, LabellingRun
from evalhub.labelling.queries import running
from evalhub.rubrics.models import Criterion


@transaction.atomic
def start_labelling(*, campaign: Campaign, criterion: Criterion, by: Member) -> LabellingRun:
    """Queue a run of the criterion's functions; one that is under way is given instead.

    Raises:
        UnfitLabelling: the criterion has no active function.
        TooManyJobs: the workspace has too many jobs waiting.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two at once: the same
    if not LabellingFunction.objects.of(criterion).active().exists():
        raise UnfitLabelling("Add a labelling function first.")
    if (under_way := running(campaign, criterion)) is not None:
        return under_way
    run = LabellingRun(campaign=campaign, criterion=criterion, created_by=by)
    run.job = queue_job(
        kind=LABEL,
        title=f"Labelling functions: {criterion} of {campaign}",
        workspace=campaign.workspace,
        by=by,
        subject_uid=run.uid,
    )
    run.save()
    record(
        "labelling.started",
        actor=by.pseudonym,
        workspace=campaign.workspace.slug,
        target=f"labelling run {run.uid}",
        campaign=str(campaign.uid),
        criterion=criterion.slug,
    )
    return run
