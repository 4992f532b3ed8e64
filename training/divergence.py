"""How far the words that a model foretells lie from another's.

Every word counts, not only the one that was drawn, so a divergence is exact and has no variance of its own.
Backward makes the logits again, AT_ONCE tokens at a time.

Shapes: M tokens, H hidden units (another model's may be more or fewer), V words of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

AT_ONCE = 1024  # tokens; more would hold their whole vocabulary in memory


def divergence(head: Any, hidden_MH: Tensor, reference_MH: Tensor) -> Tensor:
    """The sum over tokens of KL(model || reference), in nats: what holds a model near to another.

    Args:
        head: makes logits of hidden states; both models have it.
        reference_MH: of the reference; nothing is learnt through it.

    Returns:
        One number; 0 where both are the same. Of one token, (1/2, 1/2) against (3/4, 1/4):
        (ln 2/3 + ln 2) / 2 = 0.1438.
    """

    def of_piece(here_MH: Tensor, there_MH: Tensor) -> Tensor:
        return _kl(_words(head, here_MH), _words(head, there_MH))

    return _in_pieces(of_piece, hidden_MH, reference_MH)


def imitation(head: Any, hidden_MH: Tensor, teacher_head: Any, taught_MH: Tensor) -> Tensor:
    """The sum over tokens of KL(teacher || model), in nats: what makes a model say all that a teacher would.

    Args:
        teacher_head: makes the teacher's logits of `taught_MH`; nothing is learnt through it. Where its
            vocabulary has more words at the end than the model's, or fewer, only those of both count.

    Returns:
        One number; 0 where both are the same. Of one token, a teacher's (3/4, 1/4) and a model's (1/2, 1/2):
        3/4 ln 3/2 + 1/4 ln 1/2 = 0.1308.

    Source:
        Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015, arXiv:1503.02531,
        at temperature 1.
    """
    words = min(int(each.weight.shape[0]) for each in (head, teacher_head))

    def of_piece(here_MH: Tensor, taught: Tensor) -> Tensor:
        return _kl(_words(teacher_head, taught, words), _words(head, here_MH, words))

    return _in_pieces(of_piece, hidden_MH, taught_MH)


def _in_pieces(of_piece: Callable[[Tensor, Tensor], Tensor], here_MH: Tensor, there_MH: Tensor) -> Tensor:  # fmt: skip
    pieces = zip(
        *(torch.split(each, AT_ONCE) for each in (here_MH, there_MH.detach())), strict=True
    )
    return torch.stack([checkpoint(of_piece, *each, use_reentrant=False) for each in pieces]).sum()


def _words(head: Any, hidden_MH: Tensor, words: int | None = None) -> Tensor:
    told: Tensor = head(hidden_MH)[:, :words].float().log_softmax(-1)
    return told


def _kl(first_MV: Tensor, second_MV: Tensor) -> Tensor:
    return (first_MV.exp() * (first_MV - second_MV)).sum()
