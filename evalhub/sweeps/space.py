"""What a sweep looks through: ranges and choices, setting by setting; stored as JSON, checked here.

{"learning_rate": {"low": 1e-5, "high": 1e-3}, "batch_size": {"choices": [4, 8]}, "model": {"choices": [uid, …]}}
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from evalhub.runs.explained import settings_for
from evalhub.runs.fit import Data, misfits
from evalhub.sweeps.choices import OBJECTIVES, Sampler
from evalhub.sweeps.errors import BadSweep
from training.contract import OPTIONS, ContractError, TrainOptions

MODEL, SEED = "model", "seed"  # not options of the recipe
BY_FACTORS = ("learning_rate", "lora_rank", "lora_alpha", "lora_plus", "beta", "batch_size", "accumulation")  # fmt: skip
WHOLE = ("lora_rank", "lora_alpha", "batch_size", "accumulation", "n")
SEARCHABLE = (
    *BY_FACTORS, "epochs", "warmup", "weight_decay", "lora_dropout", "schedule", "lora_variant", "label_smoothing",
    "kl_to_base", "ewc", "distil", "n", "train_share",
)  # fmt: skip
READ_BESIDE = ("ewc", "distil")  # their weights go with a build or a teacher that is named
MOVES_THE_LOSS = ("beta",)  # its value for one is not comparable with that for another
MOST_CORNERS = 5_000
POINTS = 5  # of a range on a grid


class Range(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    low: float
    high: float
    points: int = POINTS


class Choices(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    choices: list[Any]


Dimension = Range | Choices
Space = dict[str, Dimension]


def read_space(values: Mapping[str, Any]) -> Space:
    """What stands in a Sweep's row, as ranges and choices.

    Raises:
        BadSweep: a form that is neither, or an empty one.
    """
    space: Space = {}
    for name, told in values.items():
        try:
            dimension = _dimension(told)
        except msgspec.ValidationError as error:
            raise BadSweep(f"{name} is neither a range (low, high) nor a list of choices: {error}.") from error  # fmt: skip
        if isinstance(dimension, Choices) and not dimension.choices:
            raise BadSweep(f"{name} has no choices; leave it out, or give some.")
        if isinstance(dimension, Range) and not _is_range(name, dimension):
            raise BadSweep(f"{name} goes from {dimension.low:g} to {dimension.high:g}: give a low and a higher end, above 0 for {', '.join(BY_FACTORS)}, and 2 points or more.")  # fmt: skip
        space[name] = dimension
    if not space:
        raise BadSweep("Nothing is searched: give a range or several values to at least one setting.")  # fmt: skip
    return space


def demand_fit(
    space: Space, *, recipe: str, options: Mapping[str, Any], data: Data, objective: str, sampler: str,
    fresh: bool = True,
) -> None:  # fmt: skip
    """Look at every corner of the space before anything is queued.

    Args:
        fresh: whether new adapters are made, and none is trained further.

    Raises:
        BadSweep: a setting that cannot be searched, values that no run could mean or that do not fit the rows, or
            figures that say nothing of each other.
    """
    goal = OBJECTIVES.get(objective)
    if goal is None or recipe not in goal.recipes:
        fitting = [each.name for each in OBJECTIVES.values() if recipe in each.recipes]
        raise BadSweep(f"{recipe} can be compared by {' or '.join(fitting)}, not by {objective}.")
    if strange := [name for name in space if name not in (*SEARCHABLE, MODEL, SEED)]:
        raise BadSweep(f"{', '.join(strange)} cannot be searched; what can: {', '.join((*SEARCHABLE, MODEL))}.")  # fmt: skip
    acting = {each.name for each in settings_for(recipe, fresh=fresh)} | {MODEL, SEED}
    if idle := [name for name in space if name not in acting]:
        raise BadSweep(f"{', '.join(idle)} changes nothing here: not of {recipe}, or of an adapter that is there already.")  # fmt: skip
    if objective == "eval_loss" and (moving := [name for name in MOVES_THE_LOSS if name in space]):
        raise BadSweep(f"The loss of one {moving[0]} says nothing of that of another: compare by eval_reward_accuracy.")  # fmt: skip
    bases = space.get(MODEL)
    if recipe in ("sft", "text") and objective == "eval_loss" and isinstance(bases, Choices) and len(bases.choices) > 1:  # fmt: skip
        raise BadSweep("Models cut text into tokens in ways of their own, so their loss per token cannot be compared: take eval_loss_per_byte.")  # fmt: skip
    if sampler == Sampler.REFINE and [type(each) for each in space.values()] != [Range]:
        raise BadSweep("Coarse to fine goes along one range; choose another sampler for more.")
    if not data.validation:
        raise BadSweep("Tries are compared on validation rows, and the build has none: build it with a validation split.")  # fmt: skip
    _demand_corners(space, recipe, options, data)


def _demand_corners(space: Space, recipe: str, options: Mapping[str, Any], data: Data) -> None:
    ends = _ends(space, [name for name in space if name not in (MODEL, SEED)])
    if math.prod(map(len, ends.values())) > MOST_CORNERS:
        raise BadSweep("These are too many combinations to look at; search fewer settings at a time.")  # fmt: skip
    faults: dict[str, None] = {}  # in order, each once
    for corner in itertools.product(*ends.values()):
        values = {name: as_option(name, value) for name, value in zip(ends, corner, strict=True)}
        try:
            chosen = OPTIONS[recipe].of({**options, **values})
        except ContractError as error:
            raise BadSweep(f"{error}."[:1].upper() + f"{error}."[1:]) from error
        found = chosen.faults()
        if isinstance(chosen, TrainOptions) and not found:
            found = misfits(chosen, data, asked={**options, **values})
        faults |= dict.fromkeys(found)
    if faults:
        raise BadSweep("Not all of this can be run: " + "; ".join([*faults][:3]) + ".")


def beside_corners(space: Space) -> list[dict[str, Any]]:
    """The outermost weights of what reads a build or a teacher; one without any where none is searched."""
    ends = _ends(space, [name for name in READ_BESIDE if name in space])
    return [dict(zip(ends, corner, strict=True)) for corner in itertools.product(*ends.values())]


def _ends(space: Space, names: Sequence[str]) -> dict[str, list[Any]]:
    dimensions = {name: space[name] for name in names}
    return {name: [each.low, each.high] if isinstance(each, Range) else each.choices for name, each in dimensions.items()}  # fmt: skip


def as_option(name: str, value: Any) -> Any:
    """A value as the recipe takes it: whole where it counts something."""
    return max(1, round(value)) if name in WHOLE and isinstance(value, float) else value


def points_of(name: str, dimension: Dimension) -> list[Any]:
    """The values on a grid: choices as they are, a range at even steps or factors."""
    if isinstance(dimension, Choices):
        return dimension.choices
    last = dimension.points - 1
    places = [between(name, dimension, nth / last) for nth in range(dimension.points)]
    return [*dict.fromkeys(as_option(name, value) for value in places)]


def between(name: str, dimension: Range, share: float) -> float:
    """The value so far along the range, 0 to 1: by factors where a setting acts by factors."""
    if name in BY_FACTORS:
        value = dimension.low * (dimension.high / dimension.low) ** share
    else:
        value = dimension.low + (dimension.high - dimension.low) * share
    return float(f"{value:.4g}")


def grid_of(space: Space, *, seed: int) -> list[dict[str, Any]]:
    """Every combination, in an order of the seed: what is stopped early has looked everywhere."""
    each = [points_of(name, dimension) for name, dimension in space.items()]
    combinations = [dict(zip(space, values, strict=True)) for values in itertools.product(*each)]
    random.Random(seed).shuffle(combinations)  # noqa: S311  a draw that can be made again
    return combinations


def _dimension(told: Any) -> Dimension:
    if isinstance(told, dict) and "choices" in told:
        return msgspec.convert(told, Choices)
    return msgspec.convert(told, Range)


def _is_range(name: str, dimension: Range) -> bool:
    return dimension.low < dimension.high and dimension.points >= 2 and (dimension.low > 0 or name not in BY_FACTORS)  # fmt: skip
