"""What the figures of steps say about a run that goes wrong, while it goes. Plain numbers, no torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from statistics import fmean, median

WINDOW = 10  # steps that a mean is taken over
RISE = 0.5  # share of the first losses by which later ones are too high
JUMP = 10.0  # times the median of the gradients before
JUMPS = 3  # that make a finding
STILL = 5  # steps in a row that change nothing
FALL = 0.05  # nats per token that chosen answers have lost
NOTHING = 1e-12


class Watch:
    """Sees each step; says once what stands out."""

    def __init__(self) -> None:
        self._first: dict[str, list[float]] = {}
        self._latest: dict[str, deque[float]] = {}
        self._steps = self._jumps = self._still = 0
        self._said: set[str] = set()

    def look(self, told: Mapping[str, float]) -> Iterator[tuple[str, str]]:
        """Codes of findings, each with its figures."""
        jump = self._jump(told)  # before this step is among the others
        self._steps += 1
        for name, value in told.items():
            self._first.setdefault(name, [])
            if len(self._first[name]) < WINDOW:
                self._first[name].append(value)
            self._latest.setdefault(name, deque(maxlen=WINDOW)).append(value)
        for code, figures in (
            ("no_learning", self._nothing(told)),
            ("gradient_spikes", jump),
            ("loss_rises", self._rising()),
            ("chosen_falls", self._falling()),
        ):
            if figures and code not in self._said:
                self._said.add(code)
                yield code, figures

    def _nothing(self, told: Mapping[str, float]) -> str:
        """The first step of a warm-up has the rate 0, and so has the last one of most schedules."""
        change = min(told.get("grad_norm", 1.0), told.get("learning_rate", 1.0))
        self._still = self._still + 1 if abs(change) < NOTHING else 0
        return f"{STILL} steps in a row" if self._still >= STILL else ""

    def _jump(self, told: Mapping[str, float]) -> str:
        norm, before = told.get("grad_norm", 0.0), self._latest.get("grad_norm", deque())
        if len(before) == WINDOW and norm > JUMP * max(median(before), NOTHING):
            self._jumps += 1
        if self._jumps < JUMPS:
            return ""
        return (
            f"{self._jumps} times above {JUMP:g} times what it was before; the last time {norm:.3g}"
        )

    def _rising(self) -> str:
        if self._steps < 3 * WINDOW:
            return ""
        first, now = fmean(self._first["loss"]), fmean(self._latest["loss"])
        if now <= first + RISE * max(abs(first), 0.2):
            return ""
        return f"{now:.3f} over the last {WINDOW} steps, {first:.3f} over the first"

    def _falling(self) -> str:
        if self._steps < 2 * WINDOW or "chosen_gain" not in self._latest:
            return ""
        gain = fmean(self._latest["chosen_gain"])
        margins = fmean(self._first["margin"]), fmean(self._latest["margin"])
        if gain > -FALL or margins[1] <= max(margins[0], 0.0):
            return ""
        return (
            f"by {-gain:.2f} nats a token over the last {WINDOW} steps, while the margin went from "
            f"{margins[0]:.2f} to {margins[1]:.2f}"
        )
