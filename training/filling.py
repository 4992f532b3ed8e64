"""From prompts to answers: a place for each, written once, written anew where it says what another says.

Imports no torch.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from training.attempt import Attempt, time_left
from training.backends import Asked, Backend, Setting
from training.contract import GenerateOptions
from training.ledger import Ledger
from training.rows import Row
from training.seeds import seed_of

CHECKPOINT_SECONDS = 60.0
TOLD_SECONDS = 0.5  # between two words on progress

Answer = dict[str, Any]  # JSON, as it stands in completions.jsonl
Place = tuple[str, int]  # prompt, of one of several models, and index


def places_of(
    rows: Sequence[Row], options: GenerateOptions, *, seed: int, models: Sequence[str] = ()
) -> list[Asked]:
    """Every answer that is wanted: `n` by each setting to each prompt, in their order.

    Args:
        models: names, where several answer: each writes what it would write alone.
    """
    return [
        Asked(row, at * options.n + nth, 0, Setting(*setting), seed_of(seed, f"{row.id}:{at * options.n + nth}"), model)
        for model in models or [""]
        for row in rows
        for at, setting in enumerate(options.settings)
        for nth in range(options.n)
    ]  # fmt: skip


class Filling:
    """Fills places with answers, round by round, so that what is left out hangs on no order of writing."""

    def __init__(self, attempt: Attempt, backend: Backend, ledger: Ledger, *, refills: int) -> None:
        """Args: refills: how often a duplicate is written anew; 0 leaves duplicates alone."""
        self._attempt, self._backend, self._ledger = attempt, backend, ledger
        self._refills = refills
        self._begun, self._told, self._published = (time.monotonic(),) * 3
        self._before = len(ledger.known)
        self.answers: dict[Place, Answer] = {}
        self.rewritten = 0
        self.repeated = 0  # places that stay empty: whatever was written, it was there already
        self.refused: list[Answer] = []  # {"prompt","index","why"}

    def fill(self, places: Sequence[Asked]) -> None:
        """Write what is not written yet, and keep what is wanted of it."""
        said: defaultdict[str, set[str]] = defaultdict(set)
        open_places = list(places)
        for turn in range(self._refills + 1):
            self._write(open_places)
            again = [each for each in open_places if not self._is_kept(each, said)]
            likeliest = [each for each in again if each.setting.temperature == 0]
            self.repeated += len(likeliest)  # they would say the same again
            again = [each for each in again if each.setting.temperature > 0]
            if turn == self._refills or not again:
                self.repeated += len(again)
                return
            self.rewritten += len(again)
            open_places = [self._anew(each, turn + 1) for each in again]

    def _anew(self, asked: Asked, turn: int) -> Asked:
        seed = seed_of(self._attempt.spec.seed, f"{asked.row.id}:{asked.index}:{turn}")
        return replace(asked, turn=turn, seed=seed)

    def _is_kept(self, asked: Asked, said: defaultdict[str, set[str]]) -> bool:
        """Whether the place is settled: filled, or refused for good."""
        answer = self._ledger.known[asked.key]
        place = {"prompt": asked.row.id, "index": asked.index}
        if answer["finish"] == "refused":
            self.refused.append({**place, "why": answer["why"]})
            return True
        words = " ".join(answer["content"].split())
        whose = asked.key[0]
        if self._refills and words in said[whose]:
            return False
        said[whose].add(words)
        self.answers[whose, asked.index] = {
            **place,
            **({"model": asked.model} if asked.model else {}),
            **{name: answer[name] for name in ("content", "tokens", "finish")},
            "seed": asked.seed,
            "temperature": asked.setting.temperature,
            "top_p": asked.setting.top_p,
        }
        return True

    def _write(self, places: Sequence[Asked]) -> None:
        missing = [each for each in places if each.key not in self._ledger.known]
        total = len(self._ledger.known) + len(missing)
        for each in self._backend.write(missing, self._attempt.stop):
            self._ledger.add(each.asked.key, each.as_json())
            self._tell(len(self._ledger.known), total)

    def _tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._told >= TOLD_SECONDS:
            self._told = now
            left = (now - self._begun) / (done - self._before) * (total - done)
            self._attempt.progress(done, total, note=time_left(left) if done < total else "")
        if now - self._published >= CHECKPOINT_SECONDS:
            self._published = now
            path = self._ledger.publish().relative_to(self._attempt.run_dir).as_posix()
            self._attempt.events.write("checkpoint", step=done, path=path)
