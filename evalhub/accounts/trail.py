"""What happens to an account, told to the owners of every workspace that it belongs to."""

from __future__ import annotations

from typing import Any

from evalhub.accounts.models import Workspace
from evalhub.audit.services import record


def record_account(verb: str, *, username: str, **details: Any) -> None:  # Any: JSON
    """One entry for each workspace that has the account as an active member; one without, if none."""
    concerned = Workspace.objects.filter(
        members__user__username__iexact=username, members__is_active=True
    )
    slugs = list(concerned.order_by("slug").values_list("slug", flat=True))
    for slug in slugs or [""]:
        record(verb, actor=username[:150], workspace=slug, **details)
