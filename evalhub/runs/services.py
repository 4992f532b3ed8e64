from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.datasets.choices import ANSWERS
from evalhub.datasets.errors import BuildCrosses, BuildErased
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import blocking
from evalhub.jobs.choices import Queue
from evalhub.jobs.services import queue_job
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.beside import NONE_BESIDE, Beside
from evalhub.runs.errors import BadSpec, BlockedByFindings
from evalhub.runs.fit import Data, misfits
from evalhub.runs.inputs import FileRef, split_files, store_rows, training_inputs
from evalhub.runs.models import TRAINING, Recipe, Run
from training.contract import OPTIONS, ContractError, Options, RunSpec, TrainOptions

EXECUTE = "runs.execute"
SCORING = (Recipe.REWARD, Recipe.SCORE)  # what a reward model can be used for
MEASURE = "runs.measure"
MEASURING = (Recipe.EVALUATE, Recipe.MEASURE)  # may read a test split; no other recipe may
TEST_FILES = ("test.jsonl", "prompts.jsonl")


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
) -> Run:
    """Freeze a spec and queue it for a worker with a device.

    Args:
        model: what to start from; an adapter is trained further, or used on its base.
        inputs: files by the name that the recipe gives them.
        beside: which of `builds` are read, but not learnt from, by what for; see `runs.beside`.
        kind: of the job; an app above may register one that calls `execute_run` and goes on.

    Raises:
        BadSpec: an option that the recipe does not know, or a value that means nothing.
        CannotRun: the model is only a name, so there is nothing to load.
        BuildErased: a file of a build is gone with somebody's words.
        BuildCrosses: near-duplicates stand on two sides of a build.
    """
    _demand_whole(builds)
    _demand_unseen(workspace, str(recipe), inputs or {})
    spec = _frozen(str(recipe), seed, dict(options or {}), inputs or {})
    if beside:
        spec["beside"] = {name: str(build.uid) for name, build in beside.items()}
    demand_use(model, str(recipe))
    uid = uuid.uuid4()
    job = queue_job(
        kind=kind,
        title=title or _title(recipe, model),
        workspace=workspace,
        by=by,
        subject_uid=subject_uid or uid,
        queue=Queue.GPU,
    )
    run = Run.objects.create(
        uid=uid, workspace=workspace, recipe=recipe, job=job, created_by=by, model=model, spec=spec
    )
    run.builds.set(builds)
    _record(run, by, **spec.get("beside", {}))
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
) -> Run:
    """Train an adapter on a build's rows: `start_run` with the build's files as its inputs.

    Args:
        despite: why that is right though the build's report has findings that block.
        beside: builds that are read as well: a probe, and for elastic weights the earlier task.

    Raises:
        BadSpec: a build is not finished, holds no rows for its purpose, is of another kind, or the options do
            not fit the rows.
        BlockedByFindings: its report has some, and nobody says why that is right all the same.
    """
    blocks = demand_trainable(model=model, build=build, recipe=recipe, despite=despite)
    _demand_fit(recipe, options or {}, build)
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
    )
    if blocks:
        names = [each["name"] for each in blocks]
        _record(run, by, verb="run.started_despite", findings=names, despite=despite.strip())
    return run


def demand_trainable(
    *, model: LanguageModel, build: DatasetBuild, recipe: str, despite: str = ""
) -> list[dict[str, Any]]:
    """The findings of the build's report that block training, if somebody says why that is right.

    Raises:
        BadSpec, CannotRun, BuildErased, BuildCrosses, BlockedByFindings: as for `start_training`.
    """
    if recipe not in TRAINING:
        raise BadSpec(f"The recipe {recipe!r} trains nothing; use {' or '.join(TRAINING)}.")
    wanted = TRAINING[recipe]
    if build.kind not in wanted:
        raise BadSpec(
            f"{recipe} needs a {' or a '.join(wanted)} build; {build} is a {build.kind} build."
        )
    demand_use(model, recipe)
    _demand_whole([build])
    if not build.is_built or not build.rows.get("train"):
        raise BadSpec(
            f"{build} holds no training rows (or is not finished): nothing to learn from."
        )
    blocks = blocking(build)
    if blocks and not despite.strip():
        told = "; ".join(f"{each['words']} ({each['told']})" for each in blocks)
        raise BlockedByFindings(
            f"{build} should not be trained on: {told}. Mend that and build again, or say in “despite” "
            "why it is right all the same."
        )
    return blocks


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


def _demand_fit(recipe: str, options: Mapping[str, Any], build: DatasetBuild) -> None:
    chosen = _checked(recipe, 0, dict(options))
    data = Data(rows=build.rows.get("train", 0), validation=build.rows.get("validation", 0))
    if isinstance(chosen, TrainOptions) and (found := misfits(chosen, data, asked=options)):
        raise BadSpec("The settings do not fit the rows: " + "; ".join(found) + ".")


def _checked(recipe: str, seed: int, options: dict[str, Any]) -> Options:
    try:
        RunSpec(recipe=recipe, seed=seed, options=options)
    except ContractError as error:
        raise BadSpec(f"{error}."[:1].upper() + f"{error}."[1:]) from error
    chosen = OPTIONS[recipe].of(options)
    if faults := chosen.faults():
        raise BadSpec("This cannot be run: " + "; ".join(faults) + ".")
    return chosen


def _frozen(
    recipe: str, seed: int, options: dict[str, Any], inputs: Mapping[str, FileRef]
) -> dict[str, Any]:
    _checked(recipe, seed, options)
    files = {name: {"key": file.key, "sha256": file.sha256} for name, file in inputs.items()}
    return {"recipe": recipe, "seed": seed, "options": options, "inputs": files}


def demand_use(model: LanguageModel | None, recipe: str) -> None:
    """Raise CannotRun for a model that the recipe can do nothing with."""
    if model is None:
        return
    if recipe == Recipe.MERGE and model.kind != ModelKind.ADAPTER:
        raise CannotRun(
            f"“{model}” is no adapter that writes answers, so there is nothing to merge."
        )
    if model.kind not in (ModelKind.BASE, ModelKind.ADAPTER, ModelKind.REWARD):
        raise CannotRun(f"“{model}” is only a name from a file; choose a base model or an adapter.")
    if model.kind == ModelKind.REWARD and recipe not in SCORING:
        raise CannotRun(
            f"“{model}” scores answers and writes none; {recipe} needs a model that writes."
        )
    if model.kind == ModelKind.ADAPTER and recipe in SCORING:
        raise CannotRun(
            f"“{model}” writes answers; {recipe} needs a reward model, or to train one a base."
        )
    if model.kind == ModelKind.BASE and recipe == Recipe.SCORE:
        raise CannotRun(f"“{model}” is a base; score needs a reward model that was trained on it.")


def _demand_whole(builds: Sequence[DatasetBuild]) -> None:
    for build in builds:
        if build.erased_at is not None:
            raise BuildErased(
                f"{build} held the words of somebody who was erased, and is no longer whole. Build "
                "the dataset again."
            )
        if build.crossed_at is not None:
            raise BuildCrosses(
                f"Near-duplicates stand on two sides of {build}, as was found after it was made. "
                "Build the dataset again, which leaves them out."
            )


def _demand_unseen(workspace: Workspace, recipe: str, inputs: Mapping[str, FileRef]) -> None:
    """What trains, selects or stops never gets a file of a test split, under whatever name."""
    if recipe in MEASURING:
        return
    builds = DatasetBuild.objects.filter(workspace=workspace)
    for name, file in inputs.items():
        for held_out in TEST_FILES:
            if builds.filter(files__contains={held_out: {"sha256": file.sha256}}).exists():
                raise BadSpec(
                    f"The input {name} is a test split, which only the recipe "
                    f"{' or '.join(MEASURING)} may read; {recipe} would learn from it."
                )


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
