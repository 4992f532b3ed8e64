"""Which token comes next. Shapes: B answers, V tokens of the vocabulary, T draws of one answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Decoding:
    """How tokens are chosen; temperature 0 takes the likeliest."""

    temperature: float
    top_p: float
    max_new_tokens: int


def draws_of(seed: int, *, count: int) -> Tensor:
    """Chance of one answer, for each of its tokens; the same on every device.

    Returns:
        draw_T, in [0, 1).
    """
    chance = torch.Generator().manual_seed(seed)
    return torch.rand(count, generator=chance, dtype=torch.float64)


def choose(logits_BV: Tensor, draw_B: Tensor, temperature_B: Tensor, top_p_B: Tensor) -> Tensor:
    """One token for each answer, from its own draw.

    The draw picks a place on the line on which all tokens lie beside each other, each as wide as it
    is likely.

    Args:
        draw_B: in [0, 1).
        temperature_B: 0 takes the likeliest token.
        top_p_B: only the likeliest tokens, of this share together; 1 takes all.

    Returns:
        token_B.

    Source:
        Devroye, "Non-Uniform Random Variate Generation", 1986, section III.2 (inversion); top_p:
        Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020, arXiv:1904.09751, section 3.1.
    """
    likeliest_B = logits_BV.argmax(-1)
    if not bool((temperature_B > 0).any()):
        return likeliest_B
    warm_B1 = torch.where(temperature_B > 0, temperature_B, 1.0)[:, None]
    share_BV = torch.softmax(logits_BV.float() / warm_B1.float(), -1)
    if bool((top_p_B < 1).any()):
        share_BV = _likeliest_share(share_BV, top_p_B)
    line_BV = share_BV.cumsum(-1, dtype=torch.float64)
    place_B1 = draw_B[:, None] * line_BV[:, -1:]
    drawn_B = torch.searchsorted(line_BV, place_B1, right=True)[:, 0]
    return torch.where(temperature_B > 0, drawn_B, likeliest_B)


def _likeliest_share(share_BV: Tensor, top_p_B: Tensor) -> Tensor:
    """0 for what lies outside; the likeliest token always stays."""
    sorted_BV, order_BV = share_BV.sort(dim=-1, descending=True, stable=True)
    before_BV = sorted_BV.cumsum(-1) - sorted_BV
    kept_BV = sorted_BV.masked_fill(before_BV >= top_p_B[:, None], 0.0)
    kept_BV[:, 0] = sorted_BV[:, 0]
    return torch.zeros_like(share_BV).scatter_(-1, order_BV, kept_BV)
