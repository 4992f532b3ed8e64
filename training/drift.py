"""How far a model that learnt preferences has gone from where it began. Shapes: none."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from training.attempt import Attempt
from training.generation import Answer, Decoding, answer_prompts
from training.models import load_base
from training.preparation import Prepared
from training.proving import asked_and_most
from training.reading import Answered
from training.start import Start

FEWEST = 10  # prompts; of fewer nothing is said
LONGER = 1.5  # times as many tokens, or 1.5 times fewer
LIKE = 1.25  # times as long as the chosen ones: that is what was asked for
MOST_OF = 0.75  # of the prompts that got longer answers, or shorter ones
FAR = 1.0  # nats per token


class Drift:
    """Answers to the same prompts, drawn from the model as it is and as it began. Made before the first step.

    An adapter's start is kept beside it, that of a whole model is its base, which is read again. A model whose weights
    lie on several devices is not looked at.
    """

    def __init__(self, attempt: Attempt, prepared: Prepared) -> None:
        self._attempt, self._prepared = attempt, prepared
        apart = prepared.is_whole or prepared.split is not None
        self._start = None if apart else Start(prepared.model)
        chosen = [
            len(row.completions["chosen"])
            for row in prepared.train.used
            if "chosen" in row.completions
        ]
        self._liked = fmean(chosen) if chosen else 0.0  # tokens; 0: nobody chose

    def compare(self, *, step: int) -> dict[str, float]:
        """`kl_to_start`, the mean over answers drawn now of how much likelier they got, in nats, and `length_ratio`,
        their tokens over those of answers drawn then; nothing where no prompt leaves room.

        Raises:
            Interrupted: a stop was asked for.
        """
        asked, most = asked_and_most(self._prepared)
        if self._prepared.split is not None or not asked:
            return {}
        prompts = [row.prompt for row in asked]
        answers = self._answers(prompts, most)
        rows = [Answered(at, [list(each.ids)]) for at, each in zip(prompts, answers, strict=True)]
        now = self._logps(rows)
        with (self._start or self._base()).in_place():
            began, before = self._logps(rows), self._answers(prompts, most)
        kl = sum(a - b for a, b in zip(now, began, strict=True)) / len(rows)
        tokens = [each.tokens for each in answers]
        tokens_before = [each.tokens for each in before]
        per_token = kl * len(rows) / sum(len(each.ids) for each in answers)
        if len(rows) >= FEWEST:
            for code, told in stands_out(
                tokens, tokens_before, liked=self._liked, per_token=per_token
            ):
                self._attempt.find(code, told, step=step)
        return {"kl_to_start": kl, "length_ratio": sum(tokens) / max(sum(tokens_before), 1)}

    def _base(self) -> Start:
        loaded = self._prepared.loaded
        base = load_base(self._attempt, loaded.device, dtype=loaded.model.dtype).model
        return Start(loaded.model, weights=dict(base.named_parameters()))

    def _answers(self, prompts: list[list[int]], most: int) -> list[Answer]:
        prepared, attempt = self._prepared, self._attempt
        with prepared.reader.reading_plainly():
            answers = answer_prompts(
                prepared.model, prepared.loaded, prompts, n=1, how=Decoding(1.0, 1.0, most),
                batch_size=len(prompts), seed=attempt.spec.seed, stop=attempt.stop,
                beat=lambda done, total: attempt.progress(done, total, note="comparing with the start"),
            )  # fmt: skip
        return [one for (one,) in answers]

    def _logps(self, rows: list[Answered]) -> list[float]:
        prepared = self._prepared
        found = prepared.reader.all_logps(prepared.model, rows, batch_size=len(rows))
        return [one for (one,) in found]


def stands_out(
    now: list[int], before: list[int], *, liked: float, per_token: float
) -> Iterator[tuple[str, str]]:
    """Codes of findings, each with its figures.

    Args:
        now, before: tokens of the answers to the same prompts.
        liked: mean tokens of the chosen answers; 0 where nobody chose.
        per_token: by how much likelier the answers got, in nats.
    """
    mean = fmean(now)
    longer = sum(a > b for a, b in zip(now, before, strict=True))
    shorter = sum(a < b for a, b in zip(now, before, strict=True))
    figures = (
        f"{mean:.0f} tokens, {fmean(before):.0f} before training"
        + (f", {liked:.0f} of the chosen ones" if liked else "")
        + f"; longer on {longer}, shorter on {shorter} of {len(now)} prompts"
    )
    as_liked = liked > 0 and 1 / LIKE < mean / liked < LIKE
    if sum(now) > LONGER * sum(before) and longer >= MOST_OF * len(now) and not as_liked:
        yield "answers_longer", figures
    if LONGER * sum(now) < sum(before) and shorter >= MOST_OF * len(now) and not as_liked:
        yield "answers_shorter", figures
    if per_token > FAR:
        yield "far_from_start", f"{per_token:.2f} nats a token, over {len(now)} answers of its own"
