"""What a gate's figures are of: the Round's own set, and the builds that a candidate is measured on besides."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from evalhub.accounts.models import Workspace
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.figures import HARNESS, OF_LABELS, OF_PAIRS, OF_REWARDS
from evalhub.evaluation.frozen_set import frozen_set
from evalhub.evaluation.gate import Gate, MustBeat, NotWorse, probes_of

PROBED = (
    BuildKind.SFT,
    BuildKind.PREFERENCE,
)  # whose test rows tell something of a model that writes


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
    """Raise BadGate as `probe_builds` does and where a probe never gives the figure that is asked of it,
    NothingToMeasure where a model cannot be measured on one."""
    builds = {str(each.uid): each for each in probe_builds(gate, workspace)}
    for build in builds.values():
        frozen_set([build], {})
    for place, each in enumerate(gate.not_worse):
        if each.probe and not carries([builds[each.probe].kind], each.metric):
            build = builds[each.probe]
            raise BadGate(
                f"not_worse[{place}] asks for {each.metric} on the probe {build}, whose {build.kind} rows never give "
                f"it: {_GIVES[build.kind]}. Name another build or another figure."
            )


def demand_given(gate: Gate, *, has_harness: bool) -> None:
    """Raise BadGate where a condition without a probe asks for what a Round's set never gives.

    Args:
        has_harness: whether tasks of lm-evaluation-harness are asked on it.
    """
    conditions: list[tuple[str, Sequence[MustBeat | NotWorse]]] = [
        ("must_beat", gate.must_beat),
        ("not_worse", gate.not_worse),
    ]
    for name, listed in conditions:
        for place, each in enumerate(listed):
            if getattr(each, "probe", "") or carries(PROBED, each.metric):
                continue
            if each.metric.startswith(HARNESS):
                if has_harness:
                    continue
                remedy = "name its task in the policy’s evaluate.harness, or take the condition out"
            elif each.metric in OF_REWARDS:
                remedy = "a Round measures without a reward model; take another figure"
            else:
                remedy = (
                    "only rows of a benchmark say what is right in that way; take another figure"
                )
            raise BadGate(
                f"{name}[{place}] asks for {each.metric}, which a Round never measures: {remedy}."
            )


def carries(kinds: Collection[str], metric: str) -> bool:
    """Whether test rows of one of these kinds of build can give a model that writes that figure.

    A plug-in's stands on answers, whatever it is; of a harness task, no row of ours tells.
    """
    if metric in OF_PAIRS:
        return BuildKind.PREFERENCE in kinds
    unlike = metric in OF_LABELS or metric in OF_REWARDS or metric.startswith(HARNESS)
    return BuildKind.SFT in kinds and not unlike


_GIVES: dict[str, str] = {
    BuildKind.SFT: "they give perplexity, loss and what is read of the answers to their prompts",
    BuildKind.PREFERENCE: f"they give {', '.join(OF_PAIRS)}",
}
