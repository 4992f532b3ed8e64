"""Supervised fine-tuning: learn to give the completion.

Differs from TRL: rows too long are left out and never cut, batches hold no padding, every completion
ends with an end-of-sequence token, and a loss that is not a number ends the run. A step is the mean
over the tokens of its completions, each times the weight of its row; what is told of held-out rows weighs
them all the same. By hand: write spec.json with {"recipe": "sft", "model": …,
"inputs": {"train": …}}, then `python -m training RUN_DIR`.
"""

from __future__ import annotations

from typing import Any

import torch

from training.attempt import Attempt
from training.contract import SftOptions
from training.course import train_watched
from training.keeping import Keeping
from training.preparation import prepare
from training.rows import plain
from training.trainers import Watched


class Imitation(Watched):
    """Costs each token of a completion its negative log-probability."""

    weighs_tokens = True
    keeping: Keeping
    weight_N: torch.Tensor  # of the tokens of each training row

    def cost(self, model: Any, rows: list[int], tokens_of_step: Any) -> tuple[Any, dict[str, Any]]:
        answered = [self.prepared.train.used[at].answered for at in rows]
        reference_MH, taught_MH = self.keeping.reference(answered), self.keeping.taught(answered)
        told = self.prepared.reader.logps(model, answered)
        added, figures = self.keeping.cost(told, reference_MH, taught_MH)
        said = (told.sums_BC * self.weight_N[rows, None].to(told.sums_BC)).sum()
        loss = (added * told.tokens_BC.sum() - said) / tokens_of_step
        return loss, {"token_accuracy": told.is_top1_M.float().mean(), **figures}

    def at_rest(self, rows: list[int]) -> dict[str, float]:
        return self.keeping.at_rest()

    def learnt_tokens(self, row: int) -> list[int]:
        return self.prepared.train.used[row].completions["completion"]


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter, or artifacts/model where all weights are trained."""
    options = SftOptions.of(attempt.spec.options)
    prepared = prepare(attempt, options, answers=["completion"], judged=["weight"])
    rows = [each.answered for each in prepared.validation.used]
    tokens = sum(len(said) for row in rows for said in row.completions)
    told = [plain(each.row.texts["completion"]) for each in prepared.validation.used]
    length = sum(len(text.encode()) for text in told)

    def evaluate() -> dict[str, float]:
        """The mean over tokens, whatever the batch size; and over bytes, which all tokenizers share."""
        logps = prepared.logps(rows, batch_size=options.batch_size)
        lost = -sum(map(sum, logps))
        return {"eval_loss": lost / tokens, "eval_loss_per_byte": lost / max(1, length)}

    trainer = Imitation(attempt, options, prepared)
    trainer.weight_N = trainer.token_weights(options.weights)
    trainer.keeping = Keeping(attempt, options, prepared)
    return train_watched(
        trainer,
        attempt,
        evaluate=evaluate,
        evaluate_every=options.evaluate_every,
    )
