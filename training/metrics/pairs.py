"""How often the better one of two is found. Shapes: N pairs, C = 2 answers of each."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from training.judged import TIE


def share_won(left: Sequence[float], right: Sequence[float]) -> float:
    """How often left is greater than right; a tie counts one half."""
    points = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in zip(left, right, strict=True)]
    return sum(points) / len(points)


def won(worth_NC: Tensor, p_chosen_N: Tensor) -> dict[str, float]:
    """`eval_reward_accuracy`: how often chosen is worth more than rejected, ties of people left out;
    nothing where all are ties.

    Args:
        worth_NC: of the chosen and of the rejected answer of each pair.
    """
    decided_NC = worth_NC[p_chosen_N != TIE]
    return {"eval_reward_accuracy": share_won(*decided_NC.T.tolist())} if len(decided_NC) else {}
