"""Whether a run can be repeated to the bit: its files are there, and the code that did it is the same."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from evalhub.common.files import file_store
from evalhub.registry.errors import NoModelThere
from evalhub.registry.files import demand_model_at, is_stored
from evalhub.registry.models import LanguageModel
from evalhub.runs.errors import CannotRepeatRun
from evalhub.runs.models import TRAINING, Run
from training.environment import code_digest

# what a step goes through; the rest of `run.environment` is told and not compared
LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "tokenizers", "safetensors", "numpy")  # fmt: skip
WEIGHTS = ("adapter/adapter_model.safetensors", "model/model.safetensors")


def demand_repeatable(run: Run) -> None:
    """Look at all that is known before a worker takes it.

    Raises:
        CannotRepeatRun: it trains nothing or has not ended well; files are gone; the code differs.
    """
    if run.recipe not in TRAINING:
        raise CannotRepeatRun(
            f"{run.recipe} trains nothing: only a training run is repeated exactly."
        )
    if not run.is_closed:
        raise CannotRepeatRun(
            "It has not ended well, so there is nothing to repeat exactly. Run it again with changes, or with none."
        )
    if gone := _gone(run):
        raise CannotRepeatRun(
            f"Gone, so it cannot be repeated exactly: {'; '.join(gone)}. Run it again with changes, "
            "on a build that is whole and a model that is here."
        )
    demand_same_code(run)


def demand_same_code(run: Run) -> None:
    """Raise CannotRepeatRun where this machine would not do what `run` did; asked again by the worker."""
    here = _libraries_here()
    if "torch" not in here:
        return  # a machine that only serves pages: the worker knows
    if found := differences(run.environment, {"libraries": here, "code": code_digest()}):
        raise CannotRepeatRun(
            f"Not the same any more, so the weights could differ: {'; '.join(found)}. Run it again with "
            "changes instead: that promises no equal weights.",
            differs=found,
        )


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words; what a run did not record cannot be called the same."""
    before, after = then.get("libraries", {}), now.get("libraries", {})
    found = [
        f"{name} was {before.get(name, 'not recorded')} and is {after.get(name, 'not installed')}"
        for name in LIBRARIES
        if before.get(name) != after.get(name)
    ]
    if then.get("code") != now.get("code"):
        found.append("evalhub’s own training code has changed")
    return found


def is_equal_to_the_bit(run: Run) -> bool | None:
    """Whether its weights are those of the run that it repeats; None where one of them has none."""
    if run.repeats is None:
        return None
    mine, first = (_weights_of(each) for each in (run, run.repeats))
    return mine == first if mine and first else None


def _weights_of(run: Run) -> str:
    """The digest of what it made."""
    found = (run.artifacts[path]["sha256"] for path in WEIGHTS if path in run.artifacts)
    return next(found, "")


def _libraries_here() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _gone(run: Run) -> list[str]:
    store = file_store()
    found = [
        f"the file of {name}"
        for name, file in sorted(run.spec["inputs"].items())
        if not store.exists(file["key"])
    ]
    for model in (run.starts_from, run.teacher):
        if model is not None:
            found += _gone_of(model)
    return found


def _gone_of(model: LanguageModel) -> list[str]:
    found = []
    try:
        demand_model_at(model.base.source)
    except NoModelThere:
        found.append(f"the files of “{model.base}”")
    stored = [model] if model.is_adapter else []
    stored += [model.base] if is_stored(model.base.source) else []
    for each in stored:
        files = each.facts.get("files", {})
        if not files or any(not file_store().exists(file["key"]) for file in files.values()):
            found.append(f"the files of “{each}”")
    return found
