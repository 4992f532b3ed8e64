"""What training makes small, on judgments that people may disagree on. Shapes: B rows in a batch.

A pair whose raters split p to 1 - p costs p·l(chosen over rejected) + (1 - p)·l(rejected over chosen).
At p = 1 and weight 1 each loss is the one that TRL computes under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


@dataclass(frozen=True)
class Gains:
    """By how many nats the log-probability of each answer has risen over the reference's."""

    better_B: Tensor
    worse_B: Tensor
    better_tokens_B: Tensor
    worse_tokens_B: Tensor

    def gap(self) -> Tensor:
        return self.better_B - self.worse_B

    def gap_per_token(self) -> Tensor:
        return self.better_B / self.better_tokens_B - self.worse_B / self.worse_tokens_B

    def swapped(self) -> Gains:
        """As if the other answer had been chosen."""
        return Gains(self.worse_B, self.better_B, self.worse_tokens_B, self.better_tokens_B)


def _sigmoid(each: Gains, beta: float, _smoothing: float) -> Tensor:
    return -logsigmoid(beta * each.gap())


def _robust(each: Gains, beta: float, smoothing: float) -> Tensor:
    """Unbiased where a known share of the labels is flipped: Chowdhury et al., arXiv:2403.00409."""
    clean_B, flipped_B = logsigmoid(beta * each.gap()), logsigmoid(-beta * each.gap())
    return (smoothing * flipped_B - (1 - smoothing) * clean_B) / (1 - 2 * smoothing)


def _hinge(each: Gains, beta: float, _smoothing: float) -> Tensor:
    return torch.relu(1 - beta * each.gap())


def _ipo(each: Gains, beta: float, _smoothing: float) -> Tensor:
    """Azar et al., arXiv:2310.12036, equation 17, per token."""
    return (each.gap_per_token() - 1 / (2 * beta)) ** 2


def _sigmoid_norm(each: Gains, beta: float, _smoothing: float) -> Tensor:
    """Per token, so that length earns nothing."""
    return -logsigmoid(beta * each.gap_per_token())


def _nca_pair(each: Gains, beta: float, _smoothing: float) -> Tensor:
    better_B, worse_B = beta * each.better_B, beta * each.worse_B
    return -logsigmoid(better_B) - 0.5 * logsigmoid(-better_B) - 0.5 * logsigmoid(-worse_B)


def _bco_pair(each: Gains, beta: float, _smoothing: float) -> Tensor:
    return -logsigmoid(beta * each.better_B) - logsigmoid(-beta * each.worse_B)


def _sppo_hard(each: Gains, beta: float, _smoothing: float) -> Tensor:
    return (each.better_B - 0.5 / beta) ** 2 + (each.worse_B + 0.5 / beta) ** 2


def _apo_zero(each: Gains, beta: float, _smoothing: float) -> Tensor:
    return 1 - torch.sigmoid(beta * each.better_B) + torch.sigmoid(beta * each.worse_B)


def _apo_down(each: Gains, beta: float, _smoothing: float) -> Tensor:
    return torch.sigmoid(beta * each.better_B) + 1 - torch.sigmoid(beta * each.gap())


PAIR_LOSSES: dict[str, Callable[[Gains, float, float], Tensor]] = {
    "sigmoid": _sigmoid,
    "robust": _robust,
    "hinge": _hinge,
    "ipo": _ipo,
    "sigmoid_norm": _sigmoid_norm,
    "nca_pair": _nca_pair,
    "bco_pair": _bco_pair,
    "sppo_hard": _sppo_hard,
    "apo_zero": _apo_zero,
    "apo_down": _apo_down,
}


def pair_loss(
    gains: Gains,
    *,
    p_chosen_B: Tensor,
    weight_B: Tensor,
    chosen_logps_B: Tensor,
    losses: Sequence[str],
    shares: Sequence[float],
    beta: float,
    smoothing: float = 0.0,
) -> Tensor:
    """The mean over pairs of what each of `losses` makes of it, times its share.

    Args:
        p_chosen_B: probability that chosen is the better one, 0 to 1; a tie is 0.5.
        weight_B: how much each pair counts; 1 on average over the training set.
        chosen_logps_B: for "sft", the mean negative log-probability per token of the chosen answers,
            each times its weight and `p_chosen_B`.
        smoothing: for "robust", the share of labels known to be flipped.

    Returns:
        One number, in nats for most. A policy that is its reference gives ln 2 with "sigmoid".
    """
    total = chosen_logps_B.new_zeros(())
    for name, share in zip(losses, shares, strict=True):
        if name == "sft":
            told = (weight_B * p_chosen_B * chosen_logps_B).sum()
            total = total - share * told / gains.better_tokens_B.sum()
            continue
        of_pair = PAIR_LOSSES[name]
        told_B = p_chosen_B * of_pair(gains, beta, smoothing)
        told_B = told_B + (1 - p_chosen_B) * of_pair(gains.swapped(), beta, smoothing)
        total = total + share * (weight_B * told_B).mean()
    return total


def kto_loss(
    gain_B: Tensor, other_gain_B: Tensor, *, good_B: Tensor, weight_B: Tensor, beta: float
) -> Tensor:
    """Answers that people called good or bad, without a partner.

    Args:
        gain_B: of each answer's log-probability over the reference's.
        other_gain_B: the same of an answer to another prompt; their mean, never below 0, is the
            point from which a gain is felt.

    Returns:
        The weighted mean. A policy that is its reference gives 0.5 whatever the labels.

    Source:
        Ethayarajh et al., "KTO: model alignment as prospect theoretic optimization", 2024,
        arXiv:2402.01306, equation 8.
    """
    point = other_gain_B.mean().clamp(min=0).detach()
    sign_B = torch.where(good_B, 1.0, -1.0)
    return (weight_B * (1 - torch.sigmoid(beta * sign_B * (gain_B - point)))).mean()


def reward_loss(gap_B: Tensor, *, p_chosen_B: Tensor, weight_B: Tensor, margin_B: Tensor) -> Tensor:
    """How badly gaps between the rewards of two answers foretell which one raters prefer.

    Cross-entropy between the raters' split and the sigmoid of the gap, so a 3-to-1 split asks for a
    gap of ln 3 = 1.10, not for infinity.

    Args:
        margin_B: by how much the reward of chosen should be the greater at least, 0 or more.

    Source:
        Christiano et al., arXiv:1706.03741, section 2.2.3; the margin of Touvron et al.,
        arXiv:2307.09288, section 3.2.2.
    """
    told_B = p_chosen_B * logsigmoid(gap_B - margin_B) + (1 - p_chosen_B) * logsigmoid(-gap_B)
    return -(weight_B * told_B).mean()


def leave_one_out(reward_BC: Tensor) -> Tensor:
    """By how much each answer's reward is above the mean of the others to its prompt, BC.

    Args:
        reward_BC: of at least two answers to each of B prompts.

    Returns:
        Of rewards 3, 1, 2: 1.5, -1.5 and 0. Every row adds up to 0.

    Source:
        Kool et al., "Buy 4 REINFORCE samples, get a baseline for free!", ICLR 2019 workshop; for language models
        Ahmadian et al., "Back to basics", 2024, arXiv:2402.14740, equation 8.
    """
    others = reward_BC.shape[1] - 1
    return reward_BC - (reward_BC.sum(dim=1, keepdim=True) - reward_BC) / others
