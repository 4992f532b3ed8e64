"""Whether what was saved is what was trained, changes anything, and lets answers end. Shapes: none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from training.attempt import Attempt
from training.data import Encoded
from training.errors import InputError
from training.generation import Decoding, answer_prompts
from training.models import save_adapter
from training.preparation import Prepared
from training.reading import SAME, SAME_IN_16_BITS, Reader
from training.samples import tell_sample
from training.whole import load_saved, save_whole

COMPARED = 4  # rows
ASKED = 20  # prompts
ENDING = 0.95  # share of answers that end by themselves, at least
ENOUGH = 2  # times as long as the longest completion that was learnt
LONGEST = 256  # tokens of an answer
SHOWN = 3
NOTHING = 1e-6  # nats per token
Said = list[list[float]]
SAVED = "saved"


class Kept:
    """What is kept of a run: written, read back, compared with what is in memory and with how it began.

    Made before the first step.

    Args:
        trainer: a Watched.
    """

    def __init__(self, attempt: Attempt, trainer: Any) -> None:
        self._attempt, self._trainer = attempt, trainer
        prepared: Prepared = trainer.prepared
        self._prepared = prepared
        self._rows = [*prepared.validation.used, *prepared.train.used][:COMPARED]
        self._began = trainer.outputs(self._rows) if prepared.is_whole else []

    def write(self) -> None:
        """Write artifacts/adapter or artifacts/model.

        Raises:
            InputError: what was saved is something else than what was trained.
        """
        trained = self._trainer.outputs(self._rows)
        write = self._write_whole if self._prepared.is_whole else self._write_adapter
        word, saved, began = write()
        same = SAME if self._prepared.device.dtype == torch.float32 else SAME_IN_16_BITS
        if (gap := apart(self._rows, trained, saved)) > same:
            raise InputError(
                f"The {word} that was saved says something else than the one that was trained (by {gap:.3g} "
                "nats a token): do not use it. Start the run anew, and report it if it comes again.",
                code="saved_differs",
            )
        if apart(self._rows, trained, began) < NOTHING:
            told = f"the same as the base on {len(self._rows)} rows"
            self._attempt.find("adapter_inert", told)

    def _write_adapter(self) -> tuple[str, Said, Said]:
        model = self._prepared.model
        save_adapter(model, self._attempt)
        model.load_adapter(str(self._attempt.artifacts / "adapter"), adapter_name=SAVED)
        model.set_adapter(SAVED)
        saved = self._trainer.outputs(self._rows)
        model.set_adapter("default")
        model.delete_adapter(SAVED)
        with model.disable_adapter():
            plain = self._trainer.outputs(self._rows)
        return "adapter", saved, plain

    def _write_whole(self) -> tuple[str, Said, Said]:
        loaded, rows = self._prepared.loaded, [each.answered for each in self._rows]
        save_whole(loaded, self._attempt)
        again = replace(loaded, model=load_saved(loaded, self._attempt))
        saved = Reader(again).all_logps(again.model, rows, batch_size=len(rows))
        return "model", saved, self._began


def asked_and_most(prepared: Prepared) -> tuple[list[Encoded], int]:
    """Rows with prompts to answer, of validation where there are any, and how many tokens an answer may have."""
    given = prepared.validation.used or prepared.train.used
    each_once = {tuple(row.prompt): row for row in given}
    asked = list(itertools.islice(each_once.values(), ASKED))
    learnt = [len(said) for row in prepared.train.used for said in row.completions.values()]
    most = min(LONGEST, ENOUGH * max(learnt) + 8)
    return [row for row in asked if len(row.prompt) + most <= prepared.loaded.positions], most


def prove_ends(attempt: Attempt, prepared: Prepared, *, step: int) -> dict[str, float]:
    """Let the model answer some prompts; the share that ends."""
    asked, most = asked_and_most(prepared)
    if not asked:
        return {}
    with prepared.reader.reading_plainly():
        answers = answer_prompts(
            prepared.model, prepared.loaded, [row.prompt for row in asked], n=1,
            how=Decoding(0.0, 1.0, most), batch_size=ASKED, seed=attempt.spec.seed, stop=attempt.stop,
            beat=lambda done, total: attempt.progress(done, total, note="answering prompts"),
        )  # fmt: skip
    if not prepared.validation.used:  # else a Sampler has told some
        for row, (answer,) in list(zip(asked, answers, strict=True))[:SHOWN]:
            tell_sample(attempt, row.row, answer.content, step=step)
    ended = sum(answer.finish == "stop" for (answer,) in answers)
    share = ended / len(answers)
    if share < ENDING:
        told = f"{ended} of {len(answers)} end within {most} tokens"
        attempt.find("never_stops", told, step=step)
    return {"answers_ended": share}


def apart(
    rows: Sequence[Encoded], one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]
) -> float:
    """The most by which two models differ on a completion, for each token of it."""
    return max(
        abs(a - b) / len(said)
        for row, left, right in zip(rows, one, other, strict=True)
        for said, a, b in zip(row.completions.values(), left, right, strict=True)
    )
