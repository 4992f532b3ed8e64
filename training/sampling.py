"""What the model answers to a few fixed prompts while it is trained: the likeliest words, a short answer."""

from __future__ import annotations

import random

from training.attempt import Attempt
from training.data import Encoded
from training.fitting import chance_kept
from training.generation import Decoding, answer_prompts
from training.preparation import Prepared
from training.samples import tell_sample
from training.stopping import Stop

PROMPTS = 3
SHORT = 48  # tokens of an answer
ENOUGH = 2  # times as long as the longest completion that is learnt


class Sampler:
    """Asks prompts of held-out rows, drawn once by the seed; an attempt that goes on asks the same."""

    def __init__(self, attempt: Attempt, prepared: Prepared, rows: list[Encoded]) -> None:
        """Args: rows: some of which are asked."""
        self._attempt, self._prepared = attempt, prepared
        learnt = [len(said) for row in prepared.train.used for said in row.completions.values()]
        self._most = min(SHORT, ENOUGH * max(learnt) + 8)
        self.rows = drawn(rows, seed=attempt.spec.seed, room=prepared.loaded.positions - self._most)  # fmt: skip

    def tell(self, step: int) -> None:
        """An event for each prompt. Training goes on as if nobody had asked: chance is drawn aside.

        A stop that is asked for meanwhile waits for the end of the step, as in an evaluation.
        """
        if not self.rows:
            return
        prepared = self._prepared
        with chance_kept(prepared.device), prepared.reader.reading_plainly():
            answers = answer_prompts(
                prepared.model, prepared.loaded, [row.prompt for row in self.rows], n=1,
                how=Decoding(0.0, 1.0, self._most), batch_size=PROMPTS, seed=self._attempt.spec.seed,
                stop=Stop(), beat=lambda done, total: None,
            )  # fmt: skip
        for row, (answer,) in zip(self.rows, answers, strict=True):
            tell_sample(self._attempt, row.row, answer.content, step=step)


def drawn(rows: list[Encoded], *, seed: int, room: int) -> list[Encoded]:
    """Some rows, each with another prompt of at most `room` tokens."""
    each_once = {tuple(row.prompt): row for row in rows if len(row.prompt) <= room}
    known = sorted(each_once.values(), key=lambda row: row.row.number)
    return random.Random(seed).sample(known, min(PROMPTS, len(known)))  # noqa: S311
