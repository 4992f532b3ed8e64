"""A training run as a command and the API ask for it: one object, checked field by field.

{"recipe": "dpo", "model": name, "builds": {"train": uid}, "options": {}, "seed": 0}
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.core.exceptions import ValidationError

from evalhub.accounts.models import Member, Workspace
from evalhub.common.errors import NotFound
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.access import model_named
from evalhub.runs.beside import Beside
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import EARLIER, PROBE, Run
from evalhub.runs.services import start_training

TRAIN = "train"


class TrainSpec(msgspec.Struct, forbid_unknown_fields=True):
    """`builds` may name a `probe` and an `earlier` one as well; `teacher` names a model."""

    recipe: str
    model: str
    builds: dict[str, str]
    options: dict[str, Any] = {}
    seed: int = 0
    teacher: str = ""
    despite: str = ""  # why the build's findings that block do not matter
    label: str = ""  # only workers that offer it take the run


def read_spec(body: Any) -> TrainSpec:
    """Raise BadSpec for a strange field, a missing one or a wrong type."""
    try:
        return msgspec.convert(body, TrainSpec)
    except msgspec.ValidationError as error:
        raise BadSpec(f"This is no spec of a run: {error}.") from error


def workspace_in(spec: TrainSpec) -> Workspace:
    """That of the build to learn from; for commands."""
    return _build(spec, TRAIN).workspace


def start_as_asked(spec: TrainSpec, *, workspace: Workspace, by: Member | None = None) -> Run:
    """Raise what `start_training` raises, and NotFound for a build or a model that is not there."""
    others = spec.builds.keys() - {TRAIN}
    if strange := sorted(others - {PROBE, EARLIER}):
        raise BadSpec(
            f"builds names {', '.join(strange)}; a run reads train, {PROBE} and {EARLIER}."
        )
    return start_training(
        workspace=workspace,
        recipe=spec.recipe,
        model=model_named(workspace.pk, spec.model),
        build=_build(spec, TRAIN, workspace),
        options=spec.options,
        seed=spec.seed,
        despite=spec.despite,
        label=spec.label,
        beside=Beside(
            teacher=model_named(workspace.pk, spec.teacher) if spec.teacher else None,
            **{name: _build(spec, name, workspace) for name in others},
        ),
        by=by,
    )


def _build(spec: TrainSpec, name: str, workspace: Workspace | None = None) -> DatasetBuild:
    """The build of that name, in `workspace` where one is known."""
    builds = DatasetBuild.objects.select_related("workspace")
    if workspace is not None:
        builds = builds.filter(workspace=workspace)
    try:
        found = builds.filter(uid=spec.builds.get(name, "")).first()
    except ValidationError:
        found = None
    if found is None:
        where = f" of “{workspace.slug}”" if workspace else ""
        raise NotFound(f"builds.{name} names no build{where}; the datasets page lists them.")
    return found
