"""What holds a model to another while it learns by sft: added to the cost of each batch.

Shapes: M tokens of answers, H hidden units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from training.attempt import Attempt
from training.contract import SftOptions
from training.divergence import divergence, imitation
from training.elastic import Elastic, fisher_of
from training.errors import InputError
from training.preparation import Prepared
from training.reading import SAME, SAME_IN_16_BITS, Answered, Logps, Reader
from training.start import Start
from training.teacher import Teacher


class Keeping:
    """Ties to the model as training began, of its words by `kl_to_base` and of its weights by `ewc`; and to
    the words of a teacher by `distil`.

    Raises:
        InputError: elastic weights without an adapter to continue or rows of an earlier task, such rows
            without elastic weights, `distil` without a teacher or the other way round, or a head whose logits
            are not those of a plain product.
    """

    def __init__(self, attempt: Attempt, options: SftOptions, prepared: Prepared) -> None:
        self._kl, self._ewc, self._distil = options.kl_to_base, options.ewc, options.distil
        self._prepared = prepared
        _demand_use(attempt, options)
        self._start = Start(prepared.model) if self._kl or self._ewc else None
        self._elastic: Elastic | None = None
        first = prepared.train.used[0].answered
        if self._kl or self._distil:
            _demand_plain_head(prepared.reader, prepared.model, _head(prepared), first)
        self._teacher: Teacher | None = None
        if self._distil:
            self._teacher = Teacher(attempt, prepared.loaded)
            _demand_plain_head(self._teacher.reader, self._teacher.model, self._teacher.head, first)
        if self._start and self._ewc:
            fisher = fisher_of(attempt, prepared, prepared.earlier.used)
            self._elastic = Elastic(prepared.model, self._start, fisher)

    def reference(self, rows: Sequence[Answered]) -> Tensor | None:
        """What the model as it began holds at the answers' tokens, MH; None where nobody asks for it."""
        if not self._kl or self._start is None:
            return None
        with self._start.in_place() as model, torch.no_grad():
            return self._prepared.reader.logps(model, rows).hidden_MV

    def taught(self, rows: Sequence[Answered]) -> Tensor | None:
        """What the teacher holds there, MH; None where there is none."""
        return self._teacher.hidden(rows) if self._teacher else None

    def cost(
        self, told: Logps, reference_MH: Tensor | None, taught_MH: Tensor | None
    ) -> tuple[Any, dict[str, Any]]:
        """To be added to the mean over the tokens of `told`; and what to tell of it."""
        added: Any = 0.0
        figures: dict[str, Any] = {}
        if reference_MH is not None and told.hidden_MV is not None:
            far = divergence(_head(self._prepared), told.hidden_MV, reference_MH)
            mean = far / told.tokens_BC.sum()
            added, figures["kl_to_base"] = self._kl * mean, mean.detach()
        if self._teacher and taught_MH is not None and told.hidden_MV is not None:
            far = imitation(_head(self._prepared), told.hidden_MV, self._teacher.head, taught_MH)
            mean = far / told.tokens_BC.sum()
            added, figures["kl_to_teacher"] = added + self._distil * mean, mean.detach()
        if self._elastic is not None:
            pull = self._ewc * self._elastic.penalty()
            added, figures["ewc_penalty"] = added + pull, pull.detach()
        return added, figures

    def at_rest(self) -> dict[str, float]:
        """Before the first step there is nothing to pull back; with dropout words differ by chance."""
        still = (
            self._prepared.is_whole or not self._prepared.model.peft_config["default"].lora_dropout
        )
        return ({"kl_to_base": 0.0} if self._kl and still else {}) | (
            {"ewc_penalty": 0.0} if self._elastic else {}
        )


def _demand_use(attempt: Attempt, options: SftOptions) -> None:
    has_rows = attempt.input("earlier") is not None
    if options.ewc and not attempt.spec.adapter:
        raise InputError("ewc holds an adapter that is trained further; a fresh one has nothing to hold: set it to 0, or take kl_to_base.")  # fmt: skip
    if options.ewc and not has_rows:
        raise InputError("ewc weighs an adapter by rows of the task it was trained on before: give them as the input 'earlier'.")  # fmt: skip
    if options.distil and not attempt.spec.teacher:
        raise InputError("distil learns from what a teacher would say: name one, or set distil to 0.")  # fmt: skip
    if attempt.spec.teacher and not options.distil:
        raise InputError("A teacher is named, and nothing reads it: give distil a weight, or leave the teacher out.")  # fmt: skip
    if has_rows and not options.ewc:
        raise InputError("Rows of an earlier task are given, and nothing reads them: give ewc a weight, or leave them out.")  # fmt: skip


def _demand_plain_head(reader: Reader, model: Any, head: Any, row: Answered) -> None:
    """Some models scale or bend their logits; then the divergence would be another model's."""
    with torch.no_grad(), reader.device.autocast():
        told = reader.logps(model, [row])
        words_MV = head(told.hidden_MV).float().log_softmax(-1)
    labels_M = torch.tensor(row.completions[0], device=words_MV.device)
    plain = float(words_MV.gather(-1, labels_M[:, None]).sum())
    same = SAME if reader.device.dtype == torch.float32 else SAME_IN_16_BITS
    if abs(plain - float(told.sums_BC.sum())) > same * len(labels_M):
        raise InputError(
            "A model scales or bends its logits, which kl_to_base and distil cannot follow: set them to 0, and "
            "mix in rows of an earlier build instead (replay)."
        )


def _head(prepared: Prepared) -> Any:
    return prepared.loaded.model.get_output_embeddings()
