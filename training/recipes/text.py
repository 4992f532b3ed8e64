"""Continued training on raw text: learn to foretell every token of documents.

Differs from TRL: documents are read side by side without padding and never see each other, each begins at
position 0 and ends with an end-of-sequence token, and one longer than the model takes is cut into windows of
much the same length, of which no token is lost. A step is the mean over its tokens, each times the weight of
its row; what is told of held-out rows weighs them all the same. By hand: write spec.json
with {"recipe": "text", "model": …, "inputs": {"train": …}}, rows of text; then `python -m training RUN_DIR`.
"""

from __future__ import annotations

from typing import Any

import torch

from training.attempt import Attempt
from training.contract import TextOptions
from training.course import train_watched
from training.data import Encoded
from training.documents import TEXT, openings
from training.preparation import prepare
from training.rows import DOCUMENT, plain
from training.trainers import Watched


class Foretelling(Watched):
    """Costs each token of a document its negative log-probability."""

    weighs_tokens = True
    ends = False
    weight_N: torch.Tensor  # of the tokens of each window

    def cost(self, model: Any, rows: list[int], tokens_of_step: Any) -> tuple[Any, dict[str, Any]]:
        answered = [self.prepared.train.used[at].answered for at in rows]
        told = self.prepared.reader.logps(model, answered)
        said = (told.sums_BC * self.weight_N[rows, None].to(told.sums_BC)).sum()
        loss = -said / tokens_of_step
        return loss, {"token_accuracy": told.is_top1_M.float().mean()}

    def learnt_tokens(self, row: int) -> list[int]:
        return self.prepared.train.used[row].completions[TEXT]

    def asked(self) -> list[Encoded]:
        return openings(self.prepared.loaded, self.prepared.validation.used)


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter, or artifacts/model where all weights are trained."""
    options = TextOptions.of(attempt.spec.options)
    prepared = prepare(attempt, options, answers=DOCUMENT, judged=["weight"])
    held_out = prepared.validation.used
    rows = [each.answered for each in held_out]
    tokens = sum(len(said) for row in rows for said in row.completions)
    documents = {each.row.number: plain(each.row.texts[TEXT]) for each in held_out}
    length = sum(len(text.encode()) for text in documents.values())

    def evaluate() -> dict[str, float]:
        """The mean over tokens, whatever the batch size; and over bytes, which all tokenizers share."""
        logps = prepared.logps(rows, batch_size=options.batch_size)
        lost = -sum(map(sum, logps))
        return {"eval_loss": lost / tokens, "eval_loss_per_byte": lost / max(1, length)}

    trainer = Foretelling(attempt, options, prepared)
    trainer.weight_N = trainer.token_weights(options.weights)
    return train_watched(trainer, attempt, evaluate=evaluate, evaluate_every=options.evaluate_every)
