from __future__ import annotations

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.jobs.services import queue_job
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import (
    LABEL,
    LABEL_COLLECTION,
    CollectionRun,
    LabellingFunction,
    LabellingRun,
)
from evalhub.labelling.queries import running, running_on
from evalhub.prompts.models import Collection
from evalhub.rubrics.models import Criterion


@transaction.atomic
def start_labelling(*, campaign: Campaign, criterion: Criterion, by: Member) -> LabellingRun:
    """Queue a run of the criterion's functions; one that is under way is given instead.

    Raises:
        UnfitLabelling: the criterion has no active function.
        TooManyJobs: the workspace has too many jobs waiting.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two at once: the same
    _demand_functions(criterion)
    if (under_way := running(campaign, criterion)) is not None:
        return under_way
    run = LabellingRun(campaign=campaign, criterion=criterion, created_by=by)
    _queue(run, kind=LABEL, workspace=campaign.workspace, by=by, campaign=str(campaign.uid))
    return run


@transaction.atomic
def start_labelling_collection(
    *, collection: Collection, criterion: Criterion, by: Member
) -> CollectionRun:
    """Queue a run on the prompts of a collection; one that is under way is given instead.

    Raises:
        UnfitLabelling: the criterion has no active function.
        TooManyJobs: the workspace has too many jobs waiting.
    """
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)  # two at once: the same
    _demand_functions(criterion)
    if (under_way := running_on(collection, criterion)) is not None:
        return under_way
    run = CollectionRun(collection=collection, criterion=criterion, created_by=by)
    _queue(
        run,
        kind=LABEL_COLLECTION,
        workspace=collection.workspace,
        by=by,
        collection=collection.slug,
    )
    return run


def _queue(
    run: LabellingRun | CollectionRun, *, kind: str, workspace: Workspace, by: Member, **on: str
) -> None:
    """Args: on: what the audit log says the functions vote on."""
    run.job = queue_job(
        kind=kind,
        title=f"Labelling functions: {run}",
        workspace=workspace,
        by=by,
        subject_uid=run.uid,
    )
    run.save()
    record(
        "labelling.started",
        actor=by.pseudonym,
        workspace=workspace.slug,
        target=f"labelling run {run.uid}",
        criterion=run.criterion.slug,
        **on,
    )


def _demand_functions(criterion: Criterion) -> None:
    if not LabellingFunction.objects.of(criterion).active().exists():
        raise UnfitLabelling("Add a labelling function first.")
