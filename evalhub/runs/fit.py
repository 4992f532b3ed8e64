"""Whether settings fit the rows they shall train on, and which ones those rows suggest."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from training.contract import TrainOptions
from training.train_options import OF_ADAPTERS, SMALL, WHOLE_BY

NOTHING_TO_LOOK_AT = "patience looks at validation rows, and the build has none: set it to 0"


@dataclass(frozen=True)
class Data:
    """What of a build matters for settings; `rows` for training."""

    rows: int
    validation: int
    may_be_cut: bool = False  # documents: one is read in as many windows as it needs


@dataclass(frozen=True)
class Course:
    """How a run will go."""

    rows: int
    steps: int
    warmup_steps: int
    looks: int  # at the validation rows, the one before the first step left out


def course_of(options: TrainOptions, data: Data) -> Course:
    """Steps as the trainer counts them: a batch that is not full is one as well."""
    rows = max(1, round(data.rows * options.train_share))
    batches = math.ceil(rows / options.batch_size)
    an_epoch = max(1, math.ceil(batches / options.accumulation))
    steps = options.max_steps or max(1, math.ceil(options.epochs * an_epoch))
    every = options.evaluate_every or max(1, math.ceil(steps / 10))
    return Course(rows, steps, math.ceil(options.warmup * steps), math.ceil(steps / every))


def misfits(options: TrainOptions, data: Data, *, asked: Collection[str]) -> list[str]:
    """What would go wrong with these rows, each naming its setting and the remedy.

    Args:
        asked: the settings that somebody chose: a batch that is large by default is only not full.
    """
    if data.may_be_cut and not data.validation and options.patience:
        return [NOTHING_TO_LOOK_AT]
    if data.may_be_cut:
        return []  # there may be more windows than documents, so nobody knows how many steps
    course = course_of(options, data)
    at_once = options.batch_size * options.accumulation
    found = []
    if at_once > course.rows and {"batch_size", "accumulation"} & set(asked):
        found.append(
            f"batch_size {options.batch_size} × accumulation {options.accumulation} is {at_once} rows a step, but there "
            f"are {course.rows} to train on: take {course.rows} at most"
        )
    if course.steps > 1 and course.warmup_steps >= course.steps:
        found.append(
            f"warmup {options.warmup:g} takes all of the {course.steps} steps, so the full learning rate is never "
            "reached: lower it, or take smaller batches or more epochs"
        )
    if options.patience and not data.validation:
        found.append(NOTHING_TO_LOOK_AT)
    elif options.patience >= course.looks > 0:
        found.append(
            f"patience {options.patience} can never end a run that looks {course.looks} times at the validation "
            "rows: lower it or evaluate_every"
        )
    for name in ("evaluate_every", "checkpoint_every"):
        if getattr(options, name) > course.steps:
            found.append(
                f"{name} {getattr(options, name)} is more than the {course.steps} steps of the run"
            )
    return found


@dataclass(frozen=True)
class Preset:
    """Settings for builds up to so many training rows."""

    name: str
    up_to: float
    values: dict[str, Any]
    card: bool = False  # named for a device, and not for rows


PRESETS = (
    Preset(
        "few", 200,
        {"batch_size": 4, "epochs": 5.0, "lora_rank": 8, "lora_alpha": 16, "warmup": 0.1, "weight_decay": 0.01, "patience": 3},
    ),
    Preset(
        "some", 2_000,
        {"batch_size": 8, "epochs": 3.0, "lora_rank": 16, "lora_alpha": 32, "warmup": 0.1, "weight_decay": 0.01, "patience": 3},
    ),
    Preset(
        "many", math.inf,
        {"batch_size": 16, "epochs": 2.0, "lora_rank": 32, "lora_alpha": 64, "warmup": 0.03, "weight_decay": 0.01, "patience": 2},
    ),
)  # fmt: skip
FITS_24_GB = "24 GB"
CARD, FILLED = 24e9, 0.9  # bytes, and the share of them that is counted on
NF4 = (
    4 + 8 / 64 + 32 / (64 * 256)
) / 8  # bytes of a weight in 4 bits, its scales in 8 and theirs in 32
TRAINED, KEPT, ACTIVATION = (
    16,
    2,
    38,
)  # bytes of an adapter's weight, of one in 16 bits, of an activation


@dataclass(frozen=True)
class Shape:
    """Of a model: how many weights lie in its layers and beside them, and in an adapter of rank 32 on all."""

    inside: int
    outside: int
    adapter: int
    layers: int
    hidden: int

    def bytes_at(self, tokens: int) -> float:
        """What QLoRA holds with so many tokens at once, activations kept; logits and kernels come on top.

        Llama 3.1 with 8 billion weights, in GB: 3.6 in its layers, 2.1 in embeddings and head, 1.3 to train,
        and 10.2 of activations for 2,048 tokens: 17.2. Never measured. Source: arXiv:2305.14314, section 3.
        """
        held = self.inside * NF4 + self.outside * KEPT + self.adapter * TRAINED
        return held + tokens * self.layers * self.hidden * ACTIVATION


LLAMA_8B = Shape(6_979_588_096, 1_050_673_152, 83_886_080, layers=32, hidden=4096)


def on_24_gb(preset: Preset) -> Preset:
    """The same step row by row, on a card of 24 GB under a model of about 8 billion weights: QLoRA.

    A trainer that finds less room than was counted recomputes activations by itself.
    """
    longest = max(each for each in (512, 1024, 2048, 4096) if LLAMA_8B.bytes_at(each) < FILLED * CARD)  # fmt: skip
    small = {"quantise": "nf4", "batch_size": 1, "accumulation": int(preset.values["batch_size"]), "max_length": longest}  # fmt: skip
    return Preset(FITS_24_GB, preset.up_to, {**preset.values, **small}, card=True)


RATES = {
    "sft": 2e-4,
    "text": 2e-4,
    "dpo": 1e-5,
    "kto": 1e-5,
    "reward": 1e-4,
    "rloo": 1e-5,
}  # few rows; TRL's and PEFT's advice for LoRA
SMALL_BY = 10  # times that, for a small model
SEARCHED_FROM = {
    **dict.fromkeys(("sft", "text", "reward"), 1e-5),
    **dict.fromkeys(("dpo", "kto", "rloo"), 1e-6),
}  # with an adapter
SEARCHED_BY = 100  # times that is the other end


def preset_for(rows: int) -> Preset:
    return next(each for each in PRESETS if rows <= each.up_to)


def suggested(
    recipe: str,
    data: Data,
    *,
    preset: Preset | None = None,
    weights: int | None = None,
    is_whole: bool = False,
) -> dict[str, Any]:
    """Settings for these rows and this model: the preset's, made to fit.

    Args:
        preset: None for the one by the number of rows.
        weights: of the base model, where they are known.
        is_whole: whether all weights are trained: without what only adapters have.
    """
    chosen = preset or preset_for(data.rows)
    rate = float(f"{RATES[recipe] * _scale(weights, is_whole=is_whole):.4g}")
    values = {**chosen.values, "learning_rate": rate}
    if is_whole:
        without = (*OF_ADAPTERS, "quantise")
        values = {name: value for name, value in values.items() if name not in without}
        values["trains"] = "all"
    fewest = 4 if recipe == "kto" else 1
    values["batch_size"] = max(fewest, min(values["batch_size"], data.rows // 4))
    if "accumulation" in values:
        at_once = min(values["accumulation"], data.rows // 4)
        values["accumulation"] = max(1, at_once // values["batch_size"])
    if not data.validation:
        values["patience"] = 0
    return values


def rates_to_search(
    recipe: str, *, weights: int | None = None, is_whole: bool = False
) -> tuple[float, float]:
    """The range that a search for the learning rate begins with; what is suggested lies inside.

    An adapter of SFT is searched from 1e-5 to 1e-3, all weights from 1e-6 to 1e-4; what learns from
    preferences or rewards, at a tenth of that; a small model, at ten times.
    """
    low = float(f"{SEARCHED_FROM[recipe] * _scale(weights, is_whole=is_whole):.4g}")
    return low, float(f"{low * SEARCHED_BY:.4g}")


def _scale(weights: int | None, *, is_whole: bool) -> float:
    small = SMALL_BY if weights is not None and weights < SMALL else 1
    return small * (WHOLE_BY if is_whole else 1)
