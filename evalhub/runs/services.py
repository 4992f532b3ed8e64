from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.datasets.choices import ANSWERS
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import Queue
from evalhub.jobs.services import queue_job
from evalhub.registry.models import LanguageModel
from evalhub.runs.beside import NONE_BESIDE, Beside
from evalhub.runs.demands import (
    checked_options,
    demand_fit,
    demand_served,
    demand_start,
    demand_teacher,
    demand_trainable,
    demand_unseen,
    demand_use,
    demand_whole,
)
from evalhub.runs.errors import BadSpec
from evalhub.runs.inputs import FileRef, split_files, store_rows, training_inputs
from evalhub.runs.models import Recipe, Run

EXECUTE = "runs.execute"
MEASURE = "runs.measure"


@dataclass(frozen=True)
class Part:
    """Of several runs that do one thing: the `number`-th of so many, `of` the run of the first (itself: None)."""

    number: int
    parts: int
    of: uuid.UUID | None = None


@transaction.atomic
def start_run(
    *,
    workspace: Workspace,
    recipe: str,
    model: LanguageModel | None = None,
    builds: Sequence[DatasetBuild] = (),
    inputs: Mapping[str, FileRef] | None = None,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    by: Member | None = None,
    title: str = "",
    kind: str = EXECUTE,
    subject_uid: uuid.UUID | None = None,
    beside: Mapping[str, DatasetBuild] | None = None,
    teacher: LanguageModel | None = None,
    served: LanguageModel | None = None,
    answering: Sequence[LanguageModel] = (),
    part: Part | None = None,
    repeats: Run | None = None,
    label: str = "",
) -> Run:
    """Freeze a spec and queue it for a worker with a device.

    Args:
        model: what to start from; an adapter is trained further, or used on its base.
        inputs: files by the name that the recipe gives them.
        beside: which of `builds` are read, but not learnt from, by what for; see `runs.beside`.
        teacher: a model that the run learns from.
        served: of the recipe check_served, the endpoint whose answers are compared with the model's.
        part: which part of what was asked it does, where several runs do it.
        answering: of the recipe generate, where several models on one base answer: `model` and the others.
        repeats: the run whose spec this is; see `runs.again`.
        kind: of the job; an app above may register one that calls `execute_run` and goes on.
        label: only workers that offer it take the run.

    Raises:
        BadSpec: an option that the recipe does not know, or a value that means nothing.
        CannotRun: the model is only a name, so there is nothing to load.
        NotFound: what shall be served is no endpoint of the workspace.
        BuildErased: a file of a build is gone with somebody's words.
        BuildCrosses: near-duplicates stand on two sides of a build.
    """
    demand_whole(builds)
    demand_unseen(workspace, str(recipe), inputs or {})
    spec = _frozen(str(recipe), seed, dict(options or {}), inputs or {})
    if beside:
        spec["beside"] = {name: str(build.uid) for name, build in beside.items()}
    if teacher is not None:
        spec["teacher"] = str(teacher.uid)
        demand_teacher(teacher, str(recipe))
    if served is not None:
        spec["served"] = str(served.uid)
        demand_served(served, workspace)
    for each in (model, *answering):
        demand_use(each, str(recipe))
    if len(answering) > 1:
        spec["models"] = [str(each.uid) for each in answering]
    uid = uuid.uuid4()
    if part is not None:
        spec["part"] = {"of": str(part.of or uid), "number": part.number, "parts": part.parts}
    job = queue_job(
        kind=kind,
        title=title or _title(recipe, model),
        workspace=workspace,
        by=by,
        subject_uid=subject_uid or uid,
        queue=Queue.GPU,
        label=label,
    )
    run = Run.objects.create(
        uid=uid, workspace=workspace, recipe=recipe, job=job, created_by=by, model=model, spec=spec,
        repeats=repeats,
    )  # fmt: skip
    run.builds.set(builds)
    again = {"repeats": str(repeats.uid)} if repeats else {}
    _record(run, by, **spec.get("beside", {}), **again)
    return run


@transaction.atomic
def start_training(
    *,
    workspace: Workspace,
    recipe: str,
    model: LanguageModel,
    build: DatasetBuild,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    by: Member | None = None,
    title: str = "",
    despite: str = "",
    beside: Beside = NONE_BESIDE,
    label: str = "",
) -> Run:
    """Train on a build's rows: `start_run` with the build's files as its inputs.

    Args:
        despite: why that is right though the build's report has findings that block.
        beside: builds that are read as well: a probe, and for elastic weights the earlier task.
        label: as of `start_run`.

    Raises:
        BadSpec: a build is not finished, holds no rows for its purpose, is of another kind, or the options do
            not fit the rows.
        BlockedByFindings: its report has some, and nobody says why that is right all the same.
    """
    blocks = demand_trainable(model=model, build=build, recipe=recipe, despite=despite)
    demand_fit(recipe, options or {}, build)
    demand_start(model, options or {})
    more = beside.inputs(build=build, recipe=recipe, model=model, options=options or {})
    run = start_run(
        workspace=workspace,
        recipe=recipe,
        model=model,
        builds=[build, *beside.named().values()],
        inputs=training_inputs(build) | more,
        options=options,
        seed=seed,
        by=by,
        title=title,
        beside=beside.named(),
        teacher=beside.teacher,
        label=label,
    )
    if blocks:
        names = [each["name"] for each in blocks]
        _record(run, by, verb="run.started_despite", findings=names, despite=despite.strip())
    return run


@transaction.atomic
def start_measuring(*, build: DatasetBuild, model: LanguageModel, by: Member | None = None) -> Run:
    """Count the tokens of a build's rows as `model` will read them; the figures come to stand on the build.

    Raises:
        BadSpec: the build is not finished, or its kind holds no answers to learn from.
        CannotRun, BuildErased: as of `start_run`.
    """
    if build.kind not in ANSWERS:
        raise BadSpec(
            f"{build} is a {build.kind} build: there is nothing in it for a recipe to learn."
        )
    if not build.is_built:
        raise BadSpec(f"{build} is not finished: wait for it, then measure.")
    return start_run(
        workspace=build.workspace,
        recipe=Recipe.MEASURE,
        model=model,
        builds=[build],
        inputs=split_files(build),
        options={"answers": list(ANSWERS[build.kind])},
        by=by,
        title=f"Count the tokens of {build.dataset} for {model}",
        kind=MEASURE,
    )


@transaction.atomic
def try_prompt(
    *,
    workspace: Workspace,
    models: Sequence[LanguageModel],
    text: str,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    by: Member,
) -> uuid.UUID:
    """Let each model answer a typed prompt; returns what the runs share, their job's subject."""
    if not text.strip():
        raise BadSpec("Type a prompt first.")
    trial = uuid.uuid4()
    prompts = store_rows([{"id": "typed", "prompt": [{"role": "user", "content": text}]}])
    for model in models:
        start_run(
            workspace=workspace,
            recipe=Recipe.GENERATE,
            model=model,
            inputs={"prompts": prompts},
            options=options,
            seed=seed,
            by=by,
            title=f"Try it: {text[:80]}",
            subject_uid=trial,
        )
    return trial


def keep_measured(*, run: Run, figures: Mapping[str, dict[str, Any]]) -> Run:
    """Let a run know the figures with intervals that an app above worked out of its rows."""
    run.measured = dict(figures)
    run.save(update_fields=["measured"])
    return run


def _frozen(
    recipe: str, seed: int, options: dict[str, Any], inputs: Mapping[str, FileRef]
) -> dict[str, Any]:
    checked_options(recipe, seed, options)
    files = {name: {"key": file.key, "sha256": file.sha256} for name, file in inputs.items()}
    return {"recipe": recipe, "seed": seed, "options": options, "inputs": files}


def _record(run: Run, by: Member | None, *, verb: str = "run.started", **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=run.workspace.slug,
        target=f"run {run.uid}",
        recipe=run.recipe,
        **details,
    )


def _title(recipe: str, model: LanguageModel | None) -> str:
    return f"{recipe} on {model}" if model else str(recipe)
