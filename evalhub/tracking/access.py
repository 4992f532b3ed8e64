from __future__ import annotations

from evalhub.accounts.models import Workspace
from evalhub.common.errors import NotFound
from evalhub.tracking.choices import Service
from evalhub.tracking.models import Tracker


def access_service(name: str) -> Service:
    """Raise NotFound for a service that we do not know."""
    try:
        return Service(name)
    except ValueError as error:
        raise NotFound(f"No such service: it is one of {', '.join(Service.values)}.") from error


def tracker_named(workspace: Workspace, service: str) -> Tracker:
    """Raise NotFound where the workspace has not set it up."""
    known = access_service(service)
    tracker = Tracker.objects.select_related("workspace").filter(workspace=workspace, service=known)
    found = tracker.first()
    if found is None:
        raise NotFound(f"{known.label} is not set up in this workspace: see Tracking elsewhere.")
    return found
