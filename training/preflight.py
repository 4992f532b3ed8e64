"""What is looked at before the first step, beside what cannot be used at all (training.data)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, variance
from typing import Any

import torch

from training.attempt import Attempt
from training.contract import TrainOptions
from training.data import Encoded
from training.errors import InputError
from training.models import Loaded
from training.train_options import SMALL

BIASED = 0.3  # standard deviations between the lengths of chosen and rejected
FEW_LEARNT = 0.02  # share of tokens
ZERO = 1e-6  # what a vector that was never trained is made of
USUAL_OF_ALL = {"sft": (1e-6, 5e-5), "text": (1e-6, 5e-5), "dpo": (1e-8, 5e-6)}
USUAL_RATES = {
    **dict.fromkeys(("sft", "text", "reward"), (1e-6, 2e-3)),
    **dict.fromkeys(("dpo", "kto", "rloo"), (1e-8, 5e-4)),
}


def look(attempt: Attempt, options: TrainOptions, loaded: Loaded, rows: Sequence[Encoded]) -> None:
    """Tell what should be known of settings, model and training rows.

    Raises:
        InputError: something that would only spoil the model.
    """
    demand_one_start(loaded, rows)
    known = int(attempt.environment["weights"])  # of the base alone
    for code, told in (
        rate_is_odd(
            attempt.spec.recipe, options.learning_rate, weights=known, is_whole=options.is_whole
        ),
        end_is_untrained(loaded, rows),
        little_is_learnt(rows),
        lengths_differ(rows),
    ):
        if told:
            attempt.find(code, told)


def demand_one_start(loaded: Loaded, rows: Sequence[Encoded]) -> None:
    """Raise InputError where a row begins with the start token twice."""
    start = loaded.tokenizer.bos_token_id
    if start is None:
        return
    doubled = [each.row.id for each in rows if each.prompt[:2] == [start, start]]
    if doubled:
        raise InputError(
            f"{len(doubled)} of {len(rows)} rows begin with two start tokens, such as {doubled[0]}: the chat "
            "template writes it and the tokenizer adds it again. Take it out of one of them.",
            code="double_start",
        )


def rate_is_odd(
    recipe: str, rate: float, *, weights: int, is_whole: bool = False
) -> tuple[str, str]:
    """For models that are not small: all weights take a tenth of the rate of an adapter."""
    low, high = (USUAL_OF_ALL if is_whole else USUAL_RATES).get(recipe, (0.0, math.inf))
    code = "rate_high" if rate > high else "rate_low"
    if weights < SMALL or low <= rate <= high:
        return code, ""
    return (
        code,
        f"{rate:g}; for {recipe} {'of all weights' if is_whole else 'with an adapter'} {low:g} to {high:g} is usual",
    )


def end_is_untrained(loaded: Loaded, rows: Sequence[Encoded]) -> tuple[str, str]:
    """Whether the vector of a token that ends answers is zero: it was never learnt.

    Source: such rows are what unsloth's fix_untrained_tokens looks for.
    """
    vectors_VH: Any = loaded.model.get_input_embeddings().weight
    ends = sorted({said[-1] for each in rows for said in each.completions.values()})
    with torch.no_grad():
        untrained = [end for end in ends if float(vectors_VH[end].abs().max()) <= ZERO]
    named = ", ".join(str(loaded.tokenizer.convert_ids_to_tokens(end)) for end in untrained)
    return "end_untrained", named


def little_is_learnt(rows: Sequence[Encoded]) -> tuple[str, str]:
    learnt = sum(len(said) for each in rows for said in each.completions.values())
    read = learnt + sum(len(each.prompt) for each in rows)
    share = learnt / read
    told = f"{learnt:,} of {read:,} tokens are learnt ({share:.1%})"
    return "few_learnt", told if 0 < share < FEW_LEARNT else ""


def lengths_differ(rows: Sequence[Encoded]) -> tuple[str, str]:
    """Of pairs, in tokens: the difference of the means in pooled standard deviations.

    Source: Cohen, "Statistical power analysis for the behavioral sciences", 1988, section 2.2.
    """
    pairs = [each.completions for each in rows if "rejected" in each.completions]
    if len(pairs) < 2:
        return "length_bias", ""
    chosen, rejected = ([len(each[name]) for each in pairs] for name in ("chosen", "rejected"))
    spread = math.sqrt((variance(chosen) + variance(rejected)) / 2)
    gap = fmean(chosen) - fmean(rejected)
    if abs(gap) <= BIASED * spread or not gap:
        return "length_bias", ""
    apart = f"{abs(gap) / spread:.1f} standard deviations" if spread else "always by the same"
    side = "longer" if gap > 0 else "shorter"
    told = f"{fmean(chosen):.0f} tokens against {fmean(rejected):.0f}: chosen is {side}, {apart}"
    return "length_bias", told
