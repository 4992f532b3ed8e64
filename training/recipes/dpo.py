"""Direct preference optimisation: learn to prefer chosen to rejected.

Differs from the paper (Rafailov et al., arXiv:2305.18290): raters who disagree count with the
probability that chosen is the better one, each pair with its weight, and by default a share of the
likelihood of the chosen answer is added (loss ["sigmoid", "sft"]), which keeps it from falling along
with the rejected one. The reference is the model that training begins with: the base, or the adapter
that is trained further; so without the added share the first loss is ln 2. By hand: as the sft recipe,
with rows of prompt, chosen and rejected.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from trl.trainer.utils import disable_dropout_in_model

from training.attempt import Attempt
from training.contract import DpoOptions
from training.course import train_watched
from training.data import Encoded
from training.judged import p_chosen_of, weights_of
from training.losses import Gains, pair_loss
from training.metrics.pairs import won
from training.preparation import prepare
from training.reading import Answered, Logps
from training.reference import reference_logps
from training.trainers import Watched


@dataclass(frozen=True)
class Pairs:
    """Chosen and rejected answers, and what is known of them; N pairs."""

    rows: list[Answered]
    reference_NC: Tensor
    p_chosen_N: Tensor
    weight_N: Tensor

    def loss(self, told: Logps, at: Sequence[int], options: DpoOptions) -> tuple[Tensor, Gains]:
        """Of the pairs numbered `at`, whose log-probabilities are `told` now."""
        place = told.sums_BC.device
        picked = torch.tensor(at)
        gains_BC = told.sums_BC - self.reference_NC[picked].to(place, non_blocking=True)
        gains = Gains(*gains_BC.unbind(1), *told.tokens_BC.unbind(1))
        loss = pair_loss(
            gains,
            p_chosen_B=self.p_chosen_N[picked].to(place, non_blocking=True),
            weight_B=self.weight_N[picked].to(place, non_blocking=True),
            chosen_logps_B=told.sums_BC[:, 0],
            losses=options.loss,
            shares=options.loss_weights,
            beta=options.beta,
            smoothing=options.label_smoothing,
        )
        return loss, gains


class Preferring(Watched):
    """Costs a pair by how far the gain of chosen is above that of rejected."""

    prefers = True
    options: DpoOptions
    pairs: Pairs

    def cost(self, model: Any, rows: list[int], _tokens: Any) -> tuple[Any, dict[str, Any]]:
        told = self.prepared.reader.logps(model, [self.pairs.rows[at] for at in rows])
        loss, gains = self.pairs.loss(told, rows, self.options)
        sums_C = told.sums_BC.detach().sum(dim=0) / told.tokens_BC.sum(dim=0)
        return loss, {
            "chosen_logp": sums_C[0],
            "rejected_logp": sums_C[1],
            "chosen_gain": gains.better_B.detach().sum() / gains.better_tokens_B.sum(),
            "rejected_gain": gains.worse_B.detach().sum() / gains.worse_tokens_B.sum(),
            "margin": self.options.beta * gains.gap().detach().mean(),
            "reward_accuracy": (gains.gap() > 0).float().mean(),
        }

    def at_rest(self, rows: list[int]) -> dict[str, float]:
        """Policy and reference are one: no gain, so ln 2 for each sigmoid; sft has what the reference has."""
        known = [self.pairs.rows[at].completions for at in rows]
        tokens_BC = torch.tensor([[len(said) for said in row] for row in known])
        told = Logps(self.pairs.reference_NC[torch.tensor(rows)], tokens_BC, torch.tensor([]))
        loss = float(self.pairs.loss(told, rows, self.options)[0])
        return {"loss": loss, "margin": 0.0, "chosen_gain": 0.0}

    def tokens_of(self, row: int) -> int:
        return len(self.pairs.rows[row].tree)


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter, or artifacts/model where all weights are trained."""
    options = DpoOptions.of(attempt.spec.options)
    prepared = prepare(
        attempt, options, answers=["chosen", "rejected"], judged=["p_chosen", "weight"]
    )
    disable_dropout_in_model(prepared.model)

    def pairs_of(used: Sequence[Encoded]) -> Pairs:
        rows = [each.answered for each in used]
        sources = [each.row for each in used]
        p_chosen, weights = (
            p_chosen_of(sources, options.labels),
            weights_of(sources, options.weights),
        )
        known = reference_logps(attempt, prepared, rows, batch_size=options.batch_size)
        return Pairs(rows, torch.tensor(known), torch.tensor(p_chosen), torch.tensor(weights))

    trainer = Preferring(attempt, options, prepared)
    begun = time.monotonic()
    trainer.options, trainer.pairs = options, pairs_of(prepared.train.used)
    held_out = pairs_of(prepared.validation.used)
    seconds = time.monotonic() - begun

    def evaluate() -> dict[str, float]:
        logps = prepared.logps(held_out.rows, batch_size=options.batch_size)
        return _measured(torch.tensor(logps, dtype=torch.float64), held_out, beta=options.beta)

    result = train_watched(
        trainer, attempt, evaluate=evaluate, evaluate_every=options.evaluate_every
    )
    return result | {"reference_seconds": round(seconds, 3)}


def _measured(logps_NC: Tensor, pairs: Pairs, *, beta: float) -> dict[str, float]:
    """Means over validation pairs, log-probabilities per token; whatever the batch size."""
    gains_NC = logps_NC - pairs.reference_NC
    margin_N = beta * (gains_NC[:, 0] - gains_NC[:, 1])
    lengths = [[len(said) for said in row.completions] for row in pairs.rows]
    chosen, rejected = (logps_NC.sum(dim=0) / torch.tensor(lengths).sum(dim=0)).tolist()
    told = torch.nn.functional.binary_cross_entropy_with_logits(
        margin_N, pairs.p_chosen_N.double(), pairs.weight_N.double()
    )
    return won(gains_NC, pairs.p_chosen_N) | {
        "eval_loss": float(told),
        "eval_margin": float(margin_N.mean()),
        "eval_chosen_logp": chosen,
        "eval_rejected_logp": rejected,
    }
