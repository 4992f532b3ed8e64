"""The builds that a gate has a candidate measured on besides."""

from __future__ import annotations

from evalhub.accounts.models import Workspace
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.frozen_set import frozen_set
from evalhub.evaluation.gate import Gate, probes_of


def probe_builds(gate: Gate, workspace: Workspace) -> list[DatasetBuild]:
    """In the order of the gate.

    Raises:
        BadGate: one that it names is no build of the workspace.
    """
    named = probes_of(gate)
    found = {str(each.uid): each for each in workspace.builds.filter(uid__in=named)}
    if missing := [each for each in named if each not in found]:
        raise BadGate(
            f"The gate names the probe {', '.join(missing)}, and this workspace has no such build; "
            "name another, or leave it out."
        )
    return [found[each] for each in named]


def demand_probes(gate: Gate, workspace: Workspace) -> None:
    """Raise BadGate as `probe_builds` does, NothingToMeasure where a model cannot be measured on one."""
    for build in probe_builds(gate, workspace):
        frozen_set([build], {})
