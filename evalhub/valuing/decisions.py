"""The decisions that judgments are for, and the order in which tasks serve them. Shapes: D decisions, K features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evalhub.stats.decision_value import (
    Belief,
    Floats,
    Ints,
    believe,
    chance_wrong,
    in_order,
)
from evalhub.valuing.answers import Answer
from evalhub.valuing.choices import Aim
from evalhub.valuing.features import features_of
from evalhub.valuing.knowledge import Pair, Said, large_slices

Beat = Callable[[], object]

MOST_PAIRS = 200  # of which it is asked which answer is chosen; a sample tells as well as all
LEAST_ANSWERS = 5  # of each of two models, or their order is no decision


@dataclass(frozen=True)
class Order:
    """Which of two models is better, overall or in a slice, as is believed now."""

    better: int
    worse: int
    slice: str
    wrong: float


@dataclass(frozen=True)
class Found:
    """`places`: of the pairs, worth most first; `worth` beside them.

    pairs_wrong: how likely the answer that is believed the better one is not, on average; `pairs_n` of so many.
    """

    places: Ints
    worth: Floats
    pairs_n: int
    pairs_wrong: float
    orders: list[Order]


class Field:
    """All that the decisions are about, in numbers."""

    def __init__(self, answers: Mapping[int, Answer], said: Sequence[Said]) -> None:
        self._place = {key: place for place, key in enumerate(answers)}
        self._answers = list(answers.values())
        self.slices = large_slices(self._answers)
        self._features_AK, precision_K = features_of(self._answers, slices=self.slices)
        seen_JK = self._differences([(each.first, each.second) for each in said])
        preferred_J = np.array([each.preferred for each in said], dtype=np.float64)
        self.belief = believe(seen_JK, preferred_J, precision_K=precision_K)

    def find(self, pairs: Sequence[Pair], *, aim: Aim, most: int, seed: int, beat: Beat) -> Found:
        """The pairs in the order of their decision value, and how sure the decisions are now."""
        pairs_PK = self._differences([(each.first, each.second) for each in pairs])
        chance = np.random.default_rng(seed)
        data_DK = pairs_PK[chance.permutation(len(pairs_PK))[:MOST_PAIRS]]
        named, order_DK = self._orders({key for each in pairs for key in (each.first, each.second)})
        decisions_DK = np.concatenate([data_DK, order_DK])
        weight_D = np.concatenate(
            [_even(len(data_DK), aim != Aim.MODELS), _even(len(order_DK), aim != Aim.DATA)]
        )
        places, worth = in_order(
            pairs_PK, decisions_DK, weight_D, self.belief, most=most, beat=beat
        )
        wrong_D = chance_wrong(data_DK, self.belief)
        return Found(
            places, worth, len(data_DK), float(wrong_D.mean()) if len(wrong_D) else 0.0,
            _told(named, order_DK, self.belief),
        )  # fmt: skip

    def _differences(self, pairs: Sequence[tuple[int, int]]) -> Floats:
        first = [self._place[one] for one, _ in pairs]
        second = [self._place[other] for _, other in pairs]
        return self._features_AK[first] - self._features_AK[second]

    def _orders(self, keys: set[int]) -> tuple[list[tuple[int, int, str]], Floats]:
        """Each two models, by the mean answer of theirs that is asked about, overall and by slice."""
        named, rows = [], []
        for name in ("", *self.slices):
            means: dict[int, Floats] = {}
            mine = [
                self._place[key] for key in sorted(keys)
                if not name or name in self._answers[self._place[key]].slices
            ]  # fmt: skip
            for model in sorted({self._answers[place].model for place in mine}):
                theirs = [place for place in mine if self._answers[place].model == model]
                if len(theirs) >= LEAST_ANSWERS:
                    means[model] = self._features_AK[theirs].mean(axis=0)
            for one, other in combinations(means, 2):
                named.append((one, other, name))
                rows.append(means[one] - means[other])
        width = self._features_AK.shape[1]
        return named, np.array(rows, dtype=np.float64).reshape(len(rows), width)


def _even(size: int, counts: bool) -> Floats:  # noqa: FBT001  a weight, or none
    return np.full(size, 1 / size if counts and size else 0.0)


def _told(named: Sequence[tuple[int, int, str]], order_DK: Floats, belief: Belief) -> list[Order]:
    """The least sure first."""
    ahead_D = order_DK @ belief.mean_K
    wrong_D = chance_wrong(order_DK, belief)
    told = [
        Order(*((one, other) if ahead >= 0 else (other, one)), name, float(wrong))
        for (one, other, name), ahead, wrong in zip(named, ahead_D, wrong_D, strict=True)
    ]
    return sorted(told, key=lambda each: -each.wrong)
