from __future__ import annotations

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.loops.models import Loop


def record_of(verb: str, loop: Loop, target: str, by: Member | None, **details: object) -> None:
    actor = by.pseudonym if by else "system"
    record(verb, actor=actor, workspace=loop.workspace.slug, target=target, **details)
