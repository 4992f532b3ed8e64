"""A prompt read once, and each of its answers after it; rows laid end to end, without padding.

A row is a tree: a trunk, and branches that each see the trunk and themselves. Shapes: N tokens of all
rows, M of them in branches, H heads, D of a head, Q tokens of a branch, K of its trunk and itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.bias import CausalBias, causal_lower_right
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

ATTENTION = "evalhub_trees"


@dataclass(frozen=True)
class Tree:
    """Token ids of a row; `trunk` may be empty, no branch is."""

    trunk: list[int]
    branches: list[list[int]]

    def __len__(self) -> int:
        return len(self.trunk) + sum(map(len, self.branches))


@dataclass(frozen=True)
class Lengths:
    """Of a tree's trunk and branches, in tokens; a lone branch counts as the end of its trunk. With what hides the later tokens of each branch: on an
    accelerator a word for it, so that the kernel needs no mask in memory.
    """

    trunk: int
    branches: tuple[int, ...]
    masks: tuple[Tensor, ...]  # QK


def answers_of(prompt: list[int], completions: Sequence[list[int]]) -> Tree:
    """The tree whose branches foretell `completions`, token by token.

    The last token of the prompt stands at the start of every branch, because from there the first
    tokens of all of them are foretold; the last token of a completion foretells nothing.
    """
    return Tree(prompt[:-1], [[prompt[-1], *said[:-1]] for said in completions])


def packed(trees: Sequence[Tree], device: str, dtype: torch.dtype) -> dict[str, Any]:
    """What a model with `grow_attention` takes: all trees in one row, each position where it would be."""
    ids: list[int] = []
    positions: list[int] = []
    picks: list[int] = []
    for tree in trees:
        ids += tree.trunk
        positions += range(len(tree.trunk))
        for branch in tree.branches:
            picks += range(len(ids), len(ids) + len(branch))
            ids += branch
            positions += range(len(tree.trunk), len(tree.trunk) + len(branch))
    return {
        "input_ids": torch.tensor([ids], device=device),
        "position_ids": torch.tensor([positions], device=device),
        "layout": [_lengths(tree, device, dtype) for tree in trees],
        "picks": torch.tensor(picks, device=device),
    }


def padded(trees: Sequence[Tree], device: str, pad_id: int) -> dict[str, Any]:
    """What every model takes: a row for each branch, its trunk before it."""
    rows = [(tree.trunk, branch) for tree in trees for branch in tree.branches]
    longest = max(len(trunk) + len(branch) for trunk, branch in rows)
    ids = torch.full((len(rows), longest), pad_id)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    picks: list[int] = []
    for at, (trunk, branch) in enumerate(rows):
        end = len(trunk) + len(branch)
        ids[at, :end] = torch.tensor(trunk + branch)
        mask[at, :end] = 1
        picks += range(at * longest + len(trunk), at * longest + end)
    return {
        "input_ids": ids.to(device),
        "attention_mask": mask.to(device),
        "picks": torch.tensor(picks, device=device),
    }


def can_grow(model: Any) -> bool:
    """Whether attention sees everything before it and nothing bends its scores."""
    config = model.config.get_text_config()
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    bent = getattr(config, "attn_logit_softcapping", None) or getattr(
        config, "sliding_window", None
    )
    if layers == {"full_attention"} and not getattr(config, "use_sliding_window", True):
        bent = getattr(config, "attn_logit_softcapping", None)  # the window is named, but not used
    return bool(getattr(model, "_supports_attention_backend", False)) and layers == {"full_attention"} and not bent  # fmt: skip


def grow_attention(model: Any) -> None:
    """From now on the model takes what `packed` makes, and nothing else."""
    AttentionInterface.register(ATTENTION, _attend)
    AttentionMaskInterface.register(ATTENTION, lambda **_: None)
    model.set_attn_implementation(ATTENTION)


def _lengths(tree: Tree, device: str, dtype: torch.dtype) -> Lengths:
    trunk = len(tree.trunk)
    lengths = tuple(map(len, tree.branches))
    if len(lengths) == 1:
        return Lengths(len(tree), (), ())  # one after the other: nothing else is to be hidden
    if torch.device(device).type != "cpu":
        words = tuple(causal_lower_right(each, trunk + each) for each in lengths)
        return Lengths(trunk, lengths, words)
    hides = []
    for branch in tree.branches:
        seen = torch.ones(len(branch), trunk + len(branch), dtype=torch.bool, device=device)
        hides.append(
            torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill_(
                seen.tril(trunk).logical_not_(), -torch.inf
            )
        )
    return Lengths(trunk, lengths, tuple(hides))


def _attend(
    module: Any,
    query_1HND: Tensor,
    key_1HND: Tensor,
    value_1HND: Tensor,
    attention_mask: None,
    *,
    layout: Sequence[Lengths],
    scaling: float,
    dropout: float = 0.0,
    **others: Any,
) -> tuple[Tensor, None]:
    """Each trunk sees itself; each branch its trunk and itself; no row another."""
    how: dict[str, Any] = {"dropout_p": dropout, "scale": scaling}
    cuts = [length for tree in layout for length in (tree.trunk, *tree.branches)]
    groups = query_1HND.shape[1] // key_1HND.shape[1]
    natively = groups > 1 and query_1HND.device.type != "cpu"  # kernels there need no copies
    if groups > 1 and not natively:
        key_1HND = key_1HND.repeat_interleave(groups, dim=1)
        value_1HND = value_1HND.repeat_interleave(groups, dim=1)
    how["enable_gqa"] = natively
    pieces = zip(*(torch.split(each, cuts, dim=2) for each in (query_1HND, key_1HND, value_1HND)), strict=True)  # fmt: skip
    found = []
    for tree in layout:
        query, key, value = next(pieces)
        found.append(scaled_dot_product_attention(query, key, value, is_causal=True, **how) if tree.trunk else query)  # fmt: skip
        for mask_QK in tree.masks:
            own_query, own_key, own_value = next(pieces)
            keys = torch.cat([key, own_key], dim=2)
            values = torch.cat([value, own_value], dim=2)
            hidden = mask_QK if isinstance(mask_QK, CausalBias) else mask_QK.to(own_query.dtype)
            found.append(scaled_dot_product_attention(own_query, keys, values, attn_mask=hidden, **how))  # fmt: skip
    return torch.cat(found, dim=2).transpose(1, 2), None
