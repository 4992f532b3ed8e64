"""What a model has forgotten: rows that no step learns from, read before the first step and after the last.

Shapes: R rows, G groups, S slices and all rows together, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from training.artifacts import write_rows
from training.attempt import Attempt
from training.data import Encoded
from training.metrics.pairs import share_won
from training.preparation import Prepared

RISE = 0.05  # nats a token from which more loss is forgetting
GROUPS = 8  # that an interval needs at least
DRAWS = 2000
LEVEL = 0.95
ALL = "all"
Logps = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Kept:
    """Of a slice: mean loss a token before and after; by how much it rose, with its interval."""

    slice: str
    rows: int
    before: float
    after: float
    low: float | None  # None for too few groups
    high: float | None
    accuracy_before: float | None = None  # of pairs: how often chosen is the likelier, a token
    accuracy_after: float | None = None

    @property
    def rise(self) -> float:
        return self.after - self.before

    @property
    def is_forgotten(self) -> bool:
        return self.low is not None and self.low > 0 and self.rise > RISE


class Probe:
    """Made before the first step, when the model is as training begins, also where a run goes on."""

    def __init__(self, attempt: Attempt, prepared: Prepared, *, batch_size: int) -> None:
        self._attempt, self._prepared, self._batch_size = attempt, prepared, batch_size
        self._before = self._read("before")

    def compare(self, *, step: int) -> dict[str, float]:
        """Read again; write artifacts/probe.jsonl, tell each slice and whether something was forgotten."""
        rows, before = self._prepared.probe.used, self._before
        if not rows:
            return {}
        after = self._read("after")
        write_rows(self._attempt.artifacts / "probe.jsonl", _told_rows(rows, before, after))
        found = kept_of(rows, before, after, seed=self._attempt.spec.seed)
        told = [asdict(each) | {"rise": each.rise, "is_forgotten": each.is_forgotten} for each in found]  # fmt: skip
        self._attempt.events.write("probe", slices=told)
        if lost := [each for each in found if each.is_forgotten]:
            self._attempt.find("forgot", "; ".join(map(_in_words, lost[:4])), step=step)
        return _figures(found[0])

    def _read(self, when: str) -> list[list[float]]:
        rows = [each.answered for each in self._prepared.probe.used]
        done = 0

        def beat(more: int) -> None:
            nonlocal done
            done += more
            self._attempt.stop.check()
            self._attempt.progress(done, len(rows), note=f"reading the probe {when} training")

        return self._prepared.logps(rows, batch_size=self._batch_size, beat=beat)


def kept_of(rows: Sequence[Encoded], before: Logps, after: Logps, *, seed: int) -> list[Kept]:
    """All rows first, then each slice, what rose most first.

    Intervals draw whole groups, at 95 % for all rows and, S slices being looked at, 1 - 0.05 / S for each.
    """
    places: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        for name in _slices(row):
            places.setdefault(name, []).append(at)
    level = 1 - (1 - LEVEL) / max(1, len(places))
    found = [
        _kept(name, at, rows, before, after, level=level, seed=seed)
        for name, at in sorted(places.items())
    ]
    whole = _kept(ALL, range(len(rows)), rows, before, after, level=LEVEL, seed=seed)
    return [whole, *sorted(found, key=lambda each: -each.rise)]


def rise_interval(
    groups: Sequence[str], more_R: Tensor, tokens_R: Tensor, *, level: float, seed: int
) -> tuple[float, float] | None:
    """Of the mean rise a token: percentiles over draws of whole groups; None below GROUPS of them.

    Args:
        more_R: by how many nats the loss of each row rose.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    names = sorted(set(groups))
    if len(names) < GROUPS:
        return None
    place = {name: at for at, name in enumerate(names)}
    at_R = torch.tensor([place[name] for name in groups])
    sums_G2 = torch.zeros(len(names), 2, dtype=torch.float64)
    sums_G2.index_add_(0, at_R, torch.stack([more_R, tokens_R], dim=1).double())
    chance = torch.Generator().manual_seed(seed)
    drawn_DG = torch.randint(len(names), (DRAWS, len(names)), generator=chance)
    drawn_D2 = sums_G2[drawn_DG].sum(1)
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = (drawn_D2[:, 0] / drawn_D2[:, 1]).quantile(tails).tolist()
    return low, high


def _kept(
    name: str, at: Sequence[int], rows: Sequence[Encoded], before: Logps, after: Logps, *, level: float, seed: int
) -> Kept:  # fmt: skip
    tokens = torch.tensor([_tokens(rows[each])[0] for each in at])
    lost = [torch.tensor([-told[each][0] for each in at], dtype=torch.float64) for told in (before, after)]  # fmt: skip
    groups = [rows[each].row.group for each in at]
    interval = rise_interval(groups, lost[1] - lost[0], tokens, level=level, seed=seed)
    means = [float(each.sum() / tokens.sum()) for each in lost]
    won = [_accuracy(told, at, rows) for told in (before, after)]
    return Kept(name, len(at), *means, *(interval or (None, None)), *won)


def _accuracy(told: Logps, at: Sequence[int], rows: Sequence[Encoded]) -> float | None:
    """Of pairs: by the mean over tokens, so that length alone wins nothing."""
    if len(told[at[0]]) < 2:
        return None
    means = [[logp / n for logp, n in zip(told[each], _tokens(rows[each]), strict=True)] for each in at]  # fmt: skip
    return share_won(*([each[side] for each in means] for side in (0, 1)))


def _tokens(row: Encoded) -> list[int]:
    return [len(said) for said in row.completions.values()]


def _slices(row: Encoded) -> list[str]:
    given = row.row.judged.get("slices")
    return [f"{key}={value}" for key, value in given.items()] if isinstance(given, Mapping) else []


def _told_rows(rows: Sequence[Encoded], before: Logps, after: Logps) -> list[dict[str, Any]]:
    return [
        {
            "id": row.row.id, "group": row.row.group, "slices": _slices(row),
            "tokens": _tokens(row), "logps_before": list(then), "logps_after": list(now),
        }
        for row, then, now in zip(rows, before, after, strict=True)
    ]  # fmt: skip


def _figures(whole: Kept) -> dict[str, float]:
    told = {
        "probe_loss_before": whole.before,
        "probe_loss_after": whole.after,
        "probe_accuracy_before": whole.accuracy_before,
        "probe_accuracy_after": whole.accuracy_after,
    }
    return {name: value for name, value in told.items() if value is not None}


def _in_words(each: Kept) -> str:
    what = f"{each.rows} rows of the probe" if each.slice == ALL else each.slice
    return (
        f"{what}: the loss rose from {each.before:.3f} to {each.after:.3f} nats a token "
        f"(by {each.rise:.3f}, interval {each.low:.3f} to {each.high:.3f})"
    )
