"""How far the words that a model foretells lie from another's.

Shapes: M tokens, H hidden units, V words of the vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

AT_ONCE = 1024  # tokens; more would hold their whole vocabulary in memory


def divergence(head: Any, hidden_MH: Tensor, reference_MH: Tensor) -> Tensor:
    """The sum over tokens of KL(model || reference), in nats.

    Every word counts, not only the one that was drawn, so it is exact and has no variance of its own.
    Backward makes the logits again, AT_ONCE tokens at a time.

    Args:
        head: makes logits of hidden states; both models have it.
        reference_MH: of the reference; nothing is learnt through it.

    Returns:
        One number; 0 where both are the same. Of one token, (1/2, 1/2) against (3/4, 1/4):
        (ln 2/3 + ln 2) / 2 = 0.1438.
    """
    both = (torch.split(each, AT_ONCE) for each in (hidden_MH, reference_MH.detach()))
    pieces = zip(*both, strict=True)
    told = [checkpoint(_of_piece, head, *piece, use_reentrant=False) for piece in pieces]
    return torch.stack(told).sum()


def _of_piece(head: Any, hidden_MH: Tensor, reference_MH: Tensor) -> Tensor:
    here_MV = head(hidden_MH).float().log_softmax(-1)
    there_MV = head(reference_MH).float().log_softmax(-1)
    told: Tensor = (here_MV.exp() * (here_MV - there_MV)).sum()
    return told
