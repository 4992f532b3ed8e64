"""A model reading rows: log-probabilities of answers, a prompt of several answers read once.

Shapes: B rows, C answers of a row, M tokens of all answers, V what is read from a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from trl.trainer.utils import add_fused_lm_head

from training.device import Device
from training.models import Loaded
from training.trees import Tree, answers_of, can_grow, grow_attention, packed, padded

SAME = 1e-3  # nats per token; what rounding of 32 bits may make of two ways to the same number
SAME_IN_16_BITS = 0.05


class Answered(NamedTuple):
    """A prompt and its completions, in token ids; none of them empty."""

    prompt: list[int]
    completions: list[list[int]]

    @property
    def tree(self) -> Tree:
        return answers_of(self.prompt, self.completions)


class Logps(NamedTuple):
    """Of each answer: the sum of its tokens' log-probabilities, in nats, and how many they are."""

    sums_BC: Tensor
    tokens_BC: Tensor
    is_top1_M: Tensor  # whether a token is the likeliest one
    hidden_MV: Tensor | None = None  # what the head is given at each token


class Reader:
    """Reads rows with the base model and whatever adapter is on it."""

    def __init__(self, loaded: Loaded) -> None:
        self.device: Device = loaded.device
        self._base = loaded.model
        self._pad_id = loaded.pad_id
        self._picks: Tensor | None = None
        self._picked: Tensor | None = None
        self.shares = False
        self._plain = self._base.config._attn_implementation
        self._has_head = self._base.get_output_embeddings() is not None
        if self._has_head:
            add_fused_lm_head(self._base, outputs=("log_probs", "is_top1"))
        self._base.base_model.register_forward_hook(self._pick)

    def share_prompts(self, rows: Sequence[Answered]) -> bool:
        """Read each prompt once from now on, if this model then gives the same numbers; say whether.

        Args:
            rows: to try it on.
        """
        if not can_grow(self._base):
            return False
        plain = self._last(rows)
        grow_attention(self._base)
        self.shares = True
        most = SAME if self.device.dtype == torch.float32 else SAME_IN_16_BITS
        if not torch.allclose(self._last(rows), plain, rtol=most, atol=most):
            self._base.set_attn_implementation(self._plain)
            self.shares = False
        return self.shares

    @contextmanager
    def reading_plainly(self) -> Iterator[None]:
        """For what reads token by token, as writing an answer does."""
        self._base.set_attn_implementation(self._plain)
        try:
            yield
        finally:
            if self.shares:
                grow_attention(self._base)

    def logps(self, model: Any, rows: Sequence[Answered]) -> Logps:
        """Of every completion; all rows have the same number of them."""
        wanted = [said for row in rows for said in row.completions]
        labels_M = torch.tensor(
            [token for said in wanted for token in said], device=self.device.name
        )
        lengths = [len(said) for said in wanted]
        tokens = torch.tensor(lengths, device=self.device.name)  # a copy waits for all before it
        inputs = self._inputs([row.tree for row in rows])
        self._picks = inputs.pop("picks")
        try:
            told = model(**inputs, shift_labels=labels_M[None], fused_lm_head=True)
        finally:
            self._picks = None
        hidden_MV, self._picked = self._picked, None
        sums = torch.stack([part.sum() for part in told.log_probs[0].split(lengths)])
        shape = (len(rows), -1)
        return Logps(sums.view(shape), tokens.view(shape), told.is_top1[0], hidden_MV)

    def hidden_ends(self, trees: Sequence[Tree]) -> Tensor:
        """What the model holds at the last token of each branch, BCV."""
        hidden_MV = self._hidden(trees)
        ends = (
            torch.tensor([len(branch) for tree in trees for branch in tree.branches]).cumsum(0) - 1
        )
        return hidden_MV[ends.to(hidden_MV.device)].view(len(trees), -1, hidden_MV.shape[-1])

    def all_logps(
        self,
        model: Any,
        rows: Sequence[Answered],
        *,
        batch_size: int,
        beat: Callable[[int], None] = lambda done: None,
    ) -> list[list[float]]:
        """The sums of `logps` without gradients, long rows with long ones; in the order of `rows`.

        Args:
            beat: called with the number of rows that were done; may raise to stop.
        """
        found: list[list[float]] = [[]] * len(rows)
        was_training = model.training
        model.eval()
        try:
            for batch in by_length([row.tree for row in rows], batch_size):
                with torch.no_grad(), self.device.autocast():
                    sums_BC = self.logps(model, [rows[at] for at in batch]).sums_BC
                for at, sums in zip(batch, sums_BC.double().tolist(), strict=True):
                    found[at] = sums
                beat(len(batch))
        finally:
            model.train(was_training)
        return found

    def _inputs(self, trees: Sequence[Tree]) -> dict[str, Any]:
        if self.shares:
            return packed(trees, self.device.name, self.device.dtype)
        return padded(trees, self.device.name, self._pad_id)

    def _hidden(self, trees: Sequence[Tree]) -> Tensor:
        inputs = self._inputs(trees)
        picks = inputs.pop("picks")
        told = self._base.base_model(**inputs, use_cache=False).last_hidden_state
        hidden_MV: Tensor = told.flatten(0, 1)[picks]
        return hidden_MV

    def _last(self, rows: Sequence[Answered]) -> Tensor:
        """What to compare two ways of reading by: means over tokens where there is a head."""
        with torch.no_grad(), self.device.autocast():
            if not self._has_head:
                return self._hidden([row.tree for row in rows]).float()
            told = self.logps(self._base, rows)
            return told.sums_BC.float() / told.tokens_BC

    def _pick(self, _module: Any, _inputs: Any, outputs: Any) -> None:
        """Only tokens of answers go on to the head."""
        if self._picks is not None:
            self._picked = outputs.last_hidden_state.flatten(0, 1)[self._picks]
            outputs.last_hidden_state = self._picked[None]


def by_length(trees: Sequence[Tree], size: int) -> list[list[int]]:
    """Numbers of trees in batches, the longest first."""
    order = sorted(range(len(trees)), key=lambda at: (-len(trees[at]), at))
    return [order[start : start + size] for start in range(0, len(order), size)]
