from __future__ import annotations

import structlog
from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.jobs.errors import TooManyJobs
from evalhub.jobs.models import Job, News
from evalhub.jobs.services import queue_job
from evalhub.runs.models import TRAINING, Recipe, Run
from evalhub.tracking.choices import NEEDS, Service
from evalhub.tracking.errors import BadTracker, CannotTrack
from evalhub.tracking.facts import has_figures
from evalhub.tracking.models import Track, Tracker
from evalhub.tracking.places import allowed_address, goes_out, project_named, variable_named

log = structlog.get_logger(__name__)

SEND = "tracking.send"
TRACKED = (*TRAINING, Recipe.EVALUATE)  # recipes whose runs have figures to follow


@transaction.atomic
def set_tracker(
    *,
    workspace: Workspace,
    service: Service,
    project: str,
    address: str = "",
    key_variable: str = "",
    is_offline: bool = False,
    is_on: bool = True,
    by: Member | None = None,
) -> Tracker:
    """Tell the figures of runs that end from now on to the service; there is one of each.

    Args:
        key_variable: the name of a variable of the worker's environment, never a key.
        is_offline: write files on the worker's disk that somebody uploads.

    Raises:
        BadTracker: something means nothing to this service, or is missing.
        AddressNotAllowed: the operator has not named that address.
    """
    needs = NEEDS[service]
    if is_offline and not needs.works_offline:
        raise BadTracker(f"{service.label} has no files that could be uploaded later.")
    is_out = goes_out(service, is_offline=is_offline)
    if is_out and needs.has_key and not key_variable:
        raise BadTracker(f"{service.label} asks for a key: name the variable that holds it.")
    values = {
        "project": project_named(project),
        "address": allowed_address(address) if is_out else "",
        "key_variable": variable_named(key_variable) if is_out else "",
        "is_offline": is_offline,
        "is_on": is_on,
        "set_by": by,
    }
    tracker, _made = Tracker.objects.update_or_create(
        workspace=workspace, service=service, defaults=values
    )
    record(
        "tracker.set",
        actor=by.pseudonym if by else "system",
        workspace=workspace.slug,
        target=f"tracker {service}",
        to=tracker.place,
        is_on=is_on,
    )
    return tracker


@transaction.atomic
def send_run(*, run: Run, tracker: Tracker, by: Member | None = None) -> Job:
    """Queue the sending of what the service does not have yet of a run.

    Raises:
        CannotTrack: it is off, such runs have no figures, all is there, or a sending waits.
    """
    if not tracker.is_on:
        raise CannotTrack(f"{tracker} is switched off: see Tracking elsewhere.")
    if run.recipe not in TRACKED or not has_figures(run):
        raise CannotTrack("This run has no figures that could be sent.")
    track, _made = Track.objects.select_for_update().get_or_create(
        run=run, tracker=tracker, defaults={"place": tracker.place}
    )
    if Job.objects.waiting().filter(kind=SEND, subject_uid=track.uid).exists():
        raise CannotTrack(f"This run waits to be sent to {tracker} already.")
    if track.has_end and track.place == tracker.place:
        raise CannotTrack(f"{tracker} has everything of this run.")
    return queue_job(
        kind=SEND,
        title=f"Send {run} to {tracker}",
        workspace=run.workspace,
        by=by,
        subject_uid=track.uid,
    )


def heard(news: News) -> None:
    """A Job ended: where it was a Run's, its figures go to each Tracker of its workspace."""
    runs = Run.objects.filter(job__uid=news.subject_uid, recipe__in=TRACKED)
    run = runs.select_related("job", "workspace").first()
    if run is None:
        return
    for tracker in Tracker.objects.filter(workspace=run.workspace, is_on=True):
        try:
            send_run(run=run, tracker=tracker)
        except CannotTrack as error:  # nothing to send, or the news came twice
            log.info("run.not_tracked", run=str(run.uid), to=tracker.service, why=str(error))
        except TooManyJobs as error:  # the run's end is told to others too: it must not wait for us
            why = f"Nothing was sent to {tracker}: {error} Then send what is missing."
            Track.objects.update_or_create(
                run=run, tracker=tracker, defaults={"error": why},
                create_defaults={"error": why, "place": tracker.place},
            )  # fmt: skip
