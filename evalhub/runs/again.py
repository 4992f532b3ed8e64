"""A run once more: exactly, or with changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from evalhub.runs.beside import Beside
from evalhub.runs.demands import demand_whole
from evalhub.runs.errors import CannotRepeatRun
from evalhub.runs.inputs import FileRef
from evalhub.runs.models import TRAINING, Run
from evalhub.runs.sameness import demand_repeatable
from evalhub.runs.services import start_run, start_training


@transaction.atomic
def repeat_run(*, run: Run, by: Member | None = None) -> Run:
    """Queue the same spec on the same model: on the same kind of device the weights come out equal to the bit.

    Raises:
        CannotRepeatRun: it has not ended well, files are gone, or the code differs; the sentence says which.
        BuildErased, BuildCrosses: a build is no longer whole.
    """
    builds = list(run.builds.order_by("pk"))
    demand_whole(builds)
    demand_repeatable(run)
    spec = run.spec
    return start_run(
        workspace=run.workspace,
        recipe=run.recipe,
        model=run.model,
        builds=builds,
        inputs={name: FileRef(**file) for name, file in spec["inputs"].items()},
        options=spec["options"],
        seed=spec["seed"],
        by=by,
        title=f"Repeat: {run.job.title}",
        beside=_beside(run),
        teacher=run.teacher,
        served=run.served,
        label=run.job.label,
        repeats=run,
    )


@transaction.atomic
def clone_run(
    *,
    run: Run,
    options: Mapping[str, Any] | None = None,
    seed: int | None = None,
    model: LanguageModel | None = None,
    build: DatasetBuild | None = None,
    despite: str = "",
    by: Member | None = None,
) -> Run:
    """Train with the settings of `run` and these changes; what is not named stays.

    Args:
        options: a value of None takes the recipe's default.

    Raises:
        CannotRepeatRun: it trains nothing, or nothing tells on which build it did.
        BadSpec, BlockedByFindings, CannotRun, BuildErased, BuildCrosses: as of `start_training`.
    """
    if run.recipe not in TRAINING:
        raise CannotRepeatRun(
            f"{run.recipe} trains nothing: only a training run is run again with changes."
        )
    learnt = build or run.learnt_builds.order_by("pk").first()
    if learnt is None:
        raise CannotRepeatRun(
            "No build is recorded that it learnt from: name one, or start a run by the form."
        )
    merged = {**run.spec["options"], **(options or {})}
    return start_training(
        workspace=run.workspace,
        recipe=run.recipe,
        model=model or run.starts_from,
        build=learnt,
        options={name: value for name, value in merged.items() if value is not None},
        seed=run.spec["seed"] if seed is None else seed,
        by=by,
        despite=despite,
        label=run.job.label,
        beside=Beside(teacher=run.teacher, **_beside(run)),
    )


def _beside(run: Run) -> dict[str, DatasetBuild]:
    builds = {str(build.uid): build for build in run.builds.all()}
    return {name: builds[uid] for name, uid in run.beside.items()}
