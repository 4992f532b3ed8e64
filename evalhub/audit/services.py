from __future__ import annotations

from typing import Any

from evalhub.audit.models import Entry


def record(
    verb: str, *, actor: str, workspace: str = "", target: str = "", **details: Any
) -> Entry:
    """Write one line of the audit log in the caller's transaction.

    Args:
        verb: namespaced, past tense: "campaign.opened".
        actor: a pseudonym, a user name, or "system".
        target: kind and uid, "campaign 6f9…".
        details: what a later reader needs; JSON, never a secret.
    """
    return Entry.objects.create(
        verb=verb, actor=actor, workspace=workspace, target=target, details=details
    )
