"""A sweep as a command and the API ask for it: one object, checked field by field.

{"recipe": "sft", "models": ["demo-model"], "build": uid, "space": {"learning_rate": {"low": 1e-5, "high": 1e-3}}}
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from evalhub.accounts.models import Member, Workspace
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.access import model_named
from evalhub.runs.beside import beside_of
from evalhub.runs.models import EARLIER, PROBE
from evalhub.sweeps.choices import Sampler, SweepKind
from evalhub.sweeps.errors import BadSweep
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.services import start_curve, start_sweep


class SweepSpec(msgspec.Struct, forbid_unknown_fields=True):
    """`kind` "curve" asks for a learning curve, which takes `seeds` and no `space`."""

    recipe: str
    models: list[str]  # names
    build: str  # uid
    kind: SweepKind = SweepKind.SEARCH
    space: dict[str, Any] = {}
    options: dict[str, Any] = {}
    objective: str = "eval_loss"
    sampler: Sampler = Sampler.TPE
    tries: int = 20
    parallel: int = 2
    prunes: bool = True
    seed: int = 0
    seeds: int = 3
    despite: str = ""
    probe: str = ""  # uid of a build
    earlier: str = ""  # likewise
    teacher: str = ""  # name
    label: str = ""  # only workers that offer it take the runs


def read_spec(body: Any) -> SweepSpec:
    """Raise BadSweep for a strange field, a missing one or a wrong type."""
    try:
        return msgspec.convert(body, SweepSpec)
    except msgspec.ValidationError as error:
        raise BadSweep(f"This is no sweep: {error}.") from error


def start_as_asked(
    spec: SweepSpec, *, workspace: Workspace, build: DatasetBuild, by: Member | None = None
) -> Sweep:
    """Raise what `start_sweep` and `start_curve` raise, and NotFound for a model or build that is not there."""
    builds = {name: uid for name, uid in ((PROBE, spec.probe), (EARLIER, spec.earlier)) if uid}
    beside = beside_of(builds, workspace)
    if spec.teacher:
        beside = replace(beside, teacher=model_named(workspace.pk, spec.teacher))
    models = [model_named(workspace.pk, name) for name in spec.models]
    if spec.kind == SweepKind.CURVE:
        if len(models) != 1 or spec.space:
            raise BadSweep("A learning curve is of one model, and takes no space.")
        return start_curve(
            workspace=workspace, recipe=spec.recipe, build=build, model=models[0], options=spec.options,
            objective=spec.objective, seeds=spec.seeds, parallel=spec.parallel, despite=spec.despite,
            beside=beside, label=spec.label, by=by,
        )  # fmt: skip
    return start_sweep(
        workspace=workspace, recipe=spec.recipe, build=build, models=models, space=spec.space, options=spec.options,
        objective=spec.objective, sampler=spec.sampler, tries=spec.tries, parallel=spec.parallel, prunes=spec.prunes,
        seed=spec.seed, despite=spec.despite, beside=beside, label=spec.label, by=by,
    )  # fmt: skip
