"""Whether judge models may be relied on. They lie above datasets, so they say here how to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from evalhub.accounts.models import Workspace
from evalhub.datasets.definition import Definition
from evalhub.judgments.choices import Source

Demand = Callable[[Workspace, Sequence[UUID]], None]  # of these campaigns, empty: of all; raises

_demands: list[Demand] = []  # one, filled in AppConfig.ready()


def trust_by(demand: Demand) -> None:
    """Raise ValueError when two ways claim to be the one."""
    if _demands and _demands[0] is not demand:
        raise ValueError("two ways to say which judges are relied on")
    _demands[:] = [demand]


def demand_trusted(workspace: Workspace, definition: Definition) -> None:
    """Refuse a definition that counts the judgments of a judge that nobody has accepted."""
    if Source.MODEL in definition.counted_sources:
        for demand in _demands:
            demand(workspace, definition.campaigns)
