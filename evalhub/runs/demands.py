"""What a run must be made of before it is queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.accounts.models import Workspace
from evalhub.common.errors import NotFound
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.errors import BuildCrosses, BuildErased
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import blocking
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind, Stage
from evalhub.runs.errors import BadSpec, BlockedByFindings
from evalhub.runs.fit import Data, misfits
from evalhub.runs.inputs import FileRef
from evalhub.runs.models import TRAINING, Recipe
from training.contract import OPTIONS, ContractError, Options, RunSpec, TrainOptions

REWARDED = (Recipe.RLOO, Recipe.GENERATE, Recipe.EVALUATE)  # whose teacher is a reward model
SCORING = (Recipe.REWARD, Recipe.SCORE)  # what an adapter that writes answers cannot be used for
OF_REWARDS = (*SCORING, Recipe.EVALUATE)  # what a reward model can be used for
MEASURING = (Recipe.EVALUATE, Recipe.MEASURE)  # may read a test split; no other recipe may
MOST_PARTS = 64  # runs that share the prompts of one collection
MOST_MODELS = 16  # that answer side by side
TEST_FILES = ("test.jsonl", "prompts.jsonl")


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
    demand_whole([build])
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


def demand_fit(recipe: str, options: Mapping[str, Any], build: DatasetBuild) -> None:
    chosen = checked_options(recipe, 0, dict(options))
    data = data_of(build)
    if isinstance(chosen, TrainOptions) and (found := misfits(chosen, data, asked=options)):
        raise BadSpec("The settings do not fit the rows: " + "; ".join(found) + ".")


def demand_start(model: LanguageModel, options: Mapping[str, Any]) -> None:
    """Raise BadSpec where all weights shall be trained and there is more than a base."""
    if options.get("trains") == "all" and model.kind != ModelKind.BASE:
        raise BadSpec(
            f"All weights are trained from a base, and “{model}” is an adapter: train it further as an adapter, "
            "or begin with the base."
        )


def data_of(build: DatasetBuild) -> Data:
    return Data(
        rows=build.rows.get("train", 0),
        validation=build.rows.get("validation", 0),
        may_be_cut=build.kind == BuildKind.TEXT,
    )


def checked_options(recipe: str, seed: int, options: dict[str, Any]) -> Options:
    try:
        RunSpec(recipe=recipe, seed=seed, options=options)
    except ContractError as error:
        raise BadSpec(f"{error}."[:1].upper() + f"{error}."[1:]) from error
    chosen = OPTIONS[recipe].of(options)
    if faults := chosen.faults():
        raise BadSpec("This cannot be run: " + "; ".join(faults) + ".")
    return chosen


def demand_use(model: LanguageModel | None, recipe: str) -> None:
    """Raise CannotRun for a model that the recipe can do nothing with."""
    if model is None:
        return None
    if recipe == Recipe.MERGE and model.kind != ModelKind.ADAPTER:
        raise CannotRun(
            f"“{model}” is no adapter that writes answers, so there is nothing to merge."
        )
    if recipe == Recipe.CHECK_SERVED and model.kind != ModelKind.ADAPTER:
        raise CannotRun(
            f"“{model}” is no adapter that writes answers, so there is nothing to check on a server."
        )
    if model.kind == ModelKind.ENDPOINT:
        return _demand_endpoint(model, recipe)
    if model.kind not in (ModelKind.BASE, ModelKind.ADAPTER, ModelKind.REWARD):
        raise CannotRun(f"“{model}” is only a name from a file; choose a base model or an adapter.")
    if model.kind == ModelKind.REWARD and recipe not in OF_REWARDS:
        raise CannotRun(
            f"“{model}” scores answers and writes none; {recipe} needs a model that writes."
        )
    if model.kind == ModelKind.ADAPTER and recipe in SCORING:
        raise CannotRun(
            f"“{model}” writes answers; {recipe} needs a reward model, or to train one a base."
        )
    if model.kind == ModelKind.BASE and recipe == Recipe.SCORE:
        raise CannotRun(f"“{model}” is a base; score needs a reward model that was trained on it.")
    return None


def _demand_endpoint(model: LanguageModel, recipe: str) -> None:
    if recipe != Recipe.GENERATE:
        raise CannotRun(
            f"“{model}” runs on a server elsewhere: it writes answers, and {recipe} needs its weights."
        )
    _demand_in_use(model)


def _demand_in_use(endpoint: LanguageModel) -> None:
    if endpoint.stage == Stage.RETIRED:
        raise CannotRun(
            f"“{endpoint}” is retired: register its server anew, or choose another model."
        )


def demand_served(endpoint: LanguageModel, workspace: Workspace) -> None:
    """Raise NotFound for what is no endpoint of this workspace, CannotRun for one that is retired."""
    if endpoint.workspace_id != workspace.pk or endpoint.kind != ModelKind.ENDPOINT:
        raise NotFound("No such endpoint.")
    _demand_in_use(endpoint)


def demand_one_base(models: Sequence[LanguageModel]) -> None:
    """Raise BadSpec where models cannot answer side by side."""
    if len(models) == 1:
        return
    if len({each.pk for each in models}) < len(models):
        raise BadSpec("A model is named twice; name each once.")
    if ours := [each for each in models if each.kind == ModelKind.ENDPOINT]:
        raise BadSpec(f"“{ours[0]}” runs on a server elsewhere; let it answer in a run of its own.")
    if len(models) > MOST_MODELS:
        raise BadSpec(f"{len(models)} models are named; at most {MOST_MODELS} answer side by side.")
    bases = {each.base.pk: each.base for each in models}
    if len(bases) > 1:
        told = ", ".join(f"“{each}”" for each in bases.values())
        raise BadSpec(
            f"The models stand on different bases ({told}), and only adapters on one base answer side by side: "
            "start a run for each base."
        )


def demand_parts(parts: int, model: LanguageModel) -> None:
    """Raise BadSpec where a generating run cannot be split among so many."""
    if not 1 <= parts <= MOST_PARTS:
        raise BadSpec(f"parts is {parts}, but must be 1 to {MOST_PARTS}.")
    if parts > 1 and model.kind == ModelKind.ENDPOINT:
        raise BadSpec(
            f"“{model}” runs on a server elsewhere: one run asks it, which keeps to its rate and its budget. Ask for 1 part."
        )


def demand_teacher(teacher: LanguageModel, recipe: str) -> None:
    """Raise CannotRun for a model that nothing can be learnt from by this recipe."""
    if recipe not in REWARDED:
        return demand_use(teacher, recipe)
    if teacher.kind != ModelKind.REWARD:
        raise CannotRun(
            f"“{teacher}” gives no rewards; {recipe} needs a model that the recipe reward made."
        )
    return None


def demand_whole(builds: Sequence[DatasetBuild]) -> None:
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


def demand_unseen(workspace: Workspace, recipe: str, inputs: Mapping[str, FileRef]) -> None:
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
