"""A reward model: one number for an answer, so that the better of two gets the higher one.

Bradley and Terry's model on pairs, with the share of raters who prefer chosen, the weight of each pair
and, from ratings, by how much chosen is better. Starts at ln 2: the head gives 0 until it is trained.
The artifact is an adapter with the head in the same safetensors file. By hand: as the dpo recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from trl.trainer.utils import disable_dropout_in_model

from training.attempt import Attempt
from training.contract import RewardOptions
from training.course import train_watched
from training.data import Encoded
from training.judged import number_of, p_chosen_of, weights_of
from training.losses import reward_loss
from training.metrics.pairs import won
from training.models import JUDGES
from training.preparation import prepare
from training.rewarding import all_rewards, rewards
from training.trainers import Watched
from training.trees import Tree


@dataclass(frozen=True)
class Pairs:
    """Chosen and rejected answers, and what is known of them; N pairs."""

    trees: list[Tree]
    p_chosen_N: Tensor
    weight_N: Tensor
    margin_N: Tensor


class Rewarding(Watched):
    """Costs a pair whose gap does not foretell how raters are split."""

    writes = False
    pairs: Pairs
    is_fresh: bool

    def cost(self, model: Any, rows: list[int], _tokens: Any) -> tuple[Any, dict[str, Any]]:
        known, picked = self.pairs, torch.tensor(rows)
        reward_BC = rewards(self.prepared.reader, self.prepared.model, [known.trees[at] for at in rows])  # fmt: skip
        gap_B = reward_BC[:, 0] - reward_BC[:, 1]
        place = gap_B.device
        loss = reward_loss(
            gap_B,
            p_chosen_B=known.p_chosen_N[picked].to(place),
            weight_B=known.weight_N[picked].to(place),
            margin_B=known.margin_N[picked].to(place),
        )
        gap_B = gap_B.detach()
        accuracy = (gap_B > 0).float().mean() + 0.5 * (gap_B == 0).float().mean()
        return loss, {"gap": gap_B.mean(), "reward_accuracy": accuracy}

    def at_rest(self, rows: list[int]) -> dict[str, float]:
        """A fresh head gives 0: ln 2 where there are no margins."""
        if not self.is_fresh:
            return {}
        known, picked = self.pairs, torch.tensor(rows)
        loss = reward_loss(
            torch.zeros(len(rows)),
            p_chosen_B=known.p_chosen_N[picked],
            weight_B=known.weight_N[picked],
            margin_B=known.margin_N[picked],
        )
        return {"loss": float(loss), "gap": 0.0}

    def outputs(self, rows: Sequence[Encoded]) -> list[list[float]]:
        trees = [Tree(each.prompt, list(each.completions.values())) for each in rows]
        return all_rewards(self.prepared.reader, self.prepared.model, trees, batch_size=len(trees))

    def tokens_of(self, row: int) -> int:
        return len(self.pairs.trees[row])


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter."""
    options = RewardOptions.of(attempt.spec.options)
    prepared = prepare(
        attempt,
        options,
        answers=["chosen", "rejected"],
        judged=["p_chosen", "weight", "margin"],
        kind=JUDGES,
    )
    disable_dropout_in_model(prepared.model)
    trainer = Rewarding(attempt, options, prepared)
    trainer.is_fresh = not attempt.spec.adapter
    trainer.pairs = _pairs(prepared.train.used, options)
    held_out = _pairs(prepared.validation.used, options)

    def evaluate() -> dict[str, float]:
        """Without margins: how surely the gap foretells the raters' split."""
        told = attempt.world.read(
            held_out.trees,
            lambda some: all_rewards(
                prepared.reader, prepared.model, some, batch_size=options.batch_size
            ),
        )
        reward_NC = torch.tensor(told)
        gap_N = reward_NC[:, 0] - reward_NC[:, 1]
        loss = reward_loss(gap_N, p_chosen_B=held_out.p_chosen_N, weight_B=held_out.weight_N, margin_B=torch.zeros_like(gap_N))  # fmt: skip
        found = {"eval_loss": float(loss), "eval_gap": float(gap_N.mean())}
        return found | won(reward_NC, held_out.p_chosen_N)

    return train_watched(trainer, attempt, evaluate=evaluate, evaluate_every=options.evaluate_every)


def _pairs(used: Sequence[Encoded], options: RewardOptions) -> Pairs:
    rows = [each.row for each in used]
    wanted = options.margins == "rows"
    margins = [number_of(row, "margin", default=0.0) if wanted else 0.0 for row in rows]
    return Pairs(
        [Tree(each.prompt, list(each.completions.values())) for each in used],
        torch.tensor(p_chosen_of(rows, options.labels)),
        torch.tensor(weights_of(rows, options.weights)),
        torch.tensor(margins),
    )
