"""Learn from answers that were called good or bad, each alone.

The KTO of Ethayarajh et al. (arXiv:2402.01306). Differs from TRL: how far the model has drifted is read
from an answer to another prompt that is drawn once for each row, not from the neighbour in the batch,
which may be of the same prompt; and good and bad answers weigh the same in sum. The reference is the
model that training begins with, so the first loss is one half. With several devices the drift is a mean
over the rows of each, as it is over the rows of each part of a batch that is read in parts. By hand: as the
sft recipe, with rows of prompt, completion and label.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from trl.trainer.utils import disable_dropout_in_model

from training.attempt import Attempt
from training.contract import KtoOptions
from training.course import train_watched
from training.data import Encoded
from training.errors import InputError
from training.judged import is_good, weights_of
from training.losses import kto_loss
from training.preparation import prepare
from training.reading import Answered
from training.reference import reference_logps
from training.trainers import Watched


@dataclass(frozen=True)
class Verdicts:
    """Each answer with one to another prompt beside it; N rows."""

    rows: list[Answered]
    reference_NC: Tensor
    good_N: Tensor
    weight_N: Tensor


class Judging(Watched):
    """Costs a good answer that gains too little, and a bad one that gains too much."""

    prefers = True
    lost_in_parts = ", but how far the model has drifted is now a mean over fewer answers"
    options: KtoOptions
    verdicts: Verdicts

    def cost(self, model: Any, rows: list[int], _tokens: Any) -> tuple[Any, dict[str, float]]:
        known, picked = self.verdicts, torch.tensor(rows)
        told = self.prepared.reader.logps(model, [known.rows[at] for at in rows])
        place = told.sums_BC.device
        gains_BC = told.sums_BC - known.reference_NC[picked].to(place)
        loss = kto_loss(
            gains_BC[:, 0],
            gains_BC[:, 1],
            good_B=known.good_N[picked].to(place),
            weight_B=known.weight_N[picked].to(place),
            beta=self.options.beta,
        )
        drift = float(gains_BC[:, 1].detach().mean())
        return loss, {"drift": drift, **_gains(gains_BC[:, 0].detach().cpu(), known.good_N[picked])}

    def at_rest(self, rows: list[int]) -> dict[str, float]:
        """No gain anywhere: one half, whatever the labels."""
        weight_B = self.verdicts.weight_N[torch.tensor(rows)]
        labels = {
            "good_gain" if each else "bad_gain" for each in self.verdicts.good_N[rows].tolist()
        }
        return {"loss": float(weight_B.mean() / 2), "drift": 0.0, **dict.fromkeys(labels, 0.0)}

    def tokens_of(self, row: int) -> int:
        return len(self.verdicts.rows[row].tree)


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter."""
    options = KtoOptions.of(attempt.spec.options)
    prepared = prepare(attempt, options, answers=["completion"], judged=["label", "weight"])
    disable_dropout_in_model(prepared.model)

    def verdicts_of(used: Sequence[Encoded]) -> Verdicts:
        good = [is_good(each.row) for each in used]
        rows = with_another(
            used, prepared.train.used, seed=attempt.spec.seed, limit=prepared.loaded.positions
        )
        known = reference_logps(attempt, prepared, rows, batch_size=options.batch_size)
        weights = weights_of([each.row for each in used], options.weights)
        weight_N, good_N = torch.tensor(weights), torch.tensor(good, dtype=torch.bool)
        if options.balance == "classes":
            weight_N = balanced(weight_N, good_N)
        return Verdicts(rows, torch.tensor(known), good_N, weight_N)

    trainer = Judging(attempt, options, prepared)
    trainer.options, trainer.verdicts = options, verdicts_of(prepared.train.used)
    if len(set(trainer.verdicts.good_N.tolist())) == 1:
        attempt.find("one_label", f"all {len(trainer.verdicts.good_N)} training rows")
    held_out = verdicts_of(prepared.validation.used)

    def evaluate() -> dict[str, float]:
        """The point from which gains are felt is taken over all validation rows."""
        logps = prepared.logps(held_out.rows, batch_size=options.batch_size)
        gain_N, other_N = (torch.tensor(logps) - held_out.reference_NC).unbind(1)
        loss = kto_loss(gain_N, other_N, good_B=held_out.good_N, weight_B=held_out.weight_N, beta=options.beta)  # fmt: skip
        told = {"drift": float(other_N.mean()), **_gains(gain_N, held_out.good_N)}
        return {"eval_loss": float(loss), **{f"eval_{name}": value for name, value in told.items()}}

    return train_watched(trainer, attempt, evaluate=evaluate, evaluate_every=options.evaluate_every)


def with_another(
    used: Sequence[Encoded], among: Sequence[Encoded], *, seed: int, limit: int
) -> list[Answered]:
    """Each row's prompt with its own answer, and one of `among` that is to another prompt, drawn once.

    Args:
        limit: tokens of a prompt and an answer; the other answer is cut to it, for it is not learnt.

    Raises:
        InputError: there is only one prompt.
    """
    order = list(among)
    random.Random(seed).shuffle(order)  # noqa: S311  a draw that can be made again
    found = []
    for place, row in enumerate(used):
        start = place % len(order)
        other = next(
            (each for each in order[start:] + order[:start] if each.prompt != row.prompt), None
        )
        if other is None:
            raise InputError(
                "All rows have the same prompt, but how far a model drifts shows on answers to another: "
                "give at least two prompts."
            )
        cut = other.completions["completion"][: limit - len(row.prompt)]
        found.append(Answered(row.prompt, [row.completions["completion"], cut]))
    return found


def balanced(weight_N: Tensor, good_N: Tensor) -> Tensor:
    """So that good and bad rows weigh the same in sum, and all of them 1 on average."""
    made_N = weight_N.clone()
    for each_N in (good_N, ~good_N):
        total = float(weight_N[each_N].sum())
        if total:
            made_N[each_N] *= len(weight_N) / 2 / total
    return made_N / made_N.mean()


def _gains(gain_B: Tensor, good_B: Tensor) -> dict[str, float]:
    """Means over the good and over the bad; none where there are none."""
    named = {"good_gain": gain_B[good_B], "bad_gain": gain_B[~good_B]}
    return {name: float(each.mean()) for name, each in named.items() if len(each)}
