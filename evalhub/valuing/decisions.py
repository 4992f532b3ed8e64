"""The decisions that judgments are for, and the order in which tasks serve them. Shapes: D decisions, K features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evalhub.campaigns.choices import TaskType
from evalhub.stats.believing import (
    Belief,
    Floats,
    Ints,
    believe,
    believe_rated,
    weight_of_pair,
)
from evalhub.stats.decision_value import Looks, chance_wrong, in_order, one_each, one_of_each
from evalhub.valuing.answers import Answer
from evalhub.valuing.choices import Aim
from evalhub.valuing.features import features_of
from evalhub.valuing.knowledge import Asked, Heard, large_slices

Beat = Callable[[], object]

MOST_DATA = 200  # choices of answers that are asked about; a sample tells as well as all
LEAST_ANSWERS = 5  # of each of two models, or their order is no decision
MIDDLE = 0.25  # one over the prior variance of the mean rating, in squared points


@dataclass(frozen=True)
class Order:
    """Which of two models is better, overall or in a slice, as is believed now."""

    better: int
    worse: int
    slice: str
    wrong: float


@dataclass(frozen=True)
class Found:
    """`places`: of the tasks, worth most first; `worth` beside them.

    data_wrong: how likely what is believed of an answer (the better one of two; good enough) is not so, on
    average; `data_n` of so many.
    """

    places: Ints
    worth: Floats
    data_n: int
    data_wrong: float
    orders: list[Order]


class Field(ABC):
    """All that the decisions are about, in numbers; what a judgment tells of is its type's."""

    belief: Belief

    def __init__(self, answers: Mapping[int, Answer]) -> None:
        self._place = {key: place for place, key in enumerate(answers)}
        self._answers = list(answers.values())
        self.slices = large_slices(self._answers)
        self._features_AK, self._precision_K = features_of(self._answers, slices=self.slices)

    @abstractmethod
    def looks(self, asked: Sequence[Asked]) -> Looks:
        """What a judgment of each would tell of."""

    @abstractmethod
    def choices(self, asked: Sequence[Asked]) -> Floats:
        """The choices of answers into a dataset that they are about, as rows of features."""

    def find(self, asked: Sequence[Asked], *, aim: Aim, most: int, seed: int, beat: Beat) -> Found:
        """The tasks in the order of their decision value, and how sure the decisions are now."""
        data_DK, named, order_DK, weight_D = self._decisions(asked, aim=aim, seed=seed)
        decisions_DK = np.concatenate([data_DK, order_DK])
        places, worth = in_order(
            self.looks(asked), decisions_DK, weight_D, self.belief, most=most, beat=beat
        )
        wrong_D = chance_wrong(data_DK, self.belief)
        return Found(
            places, worth, len(data_DK), float(wrong_D.mean()) if len(wrong_D) else 0.0,
            _told(named, order_DK, self.belief),
        )  # fmt: skip

    def choose(
        self,
        asked: Sequence[Asked],
        *,
        groups: Sequence[int],
        aim: Aim,
        most: int,
        seed: int,
        beat: Beat,
    ) -> list[int]:
        """Places of at most `most` of them, one of each group, those worth most first."""
        data_DK, _named, order_DK, weight_D = self._decisions(asked, aim=aim, seed=seed)
        places = one_of_each(
            self.looks(asked), np.concatenate([data_DK, order_DK]), weight_D, self.belief,
            group_C=np.array(groups, dtype=np.int64), most=most, beat=beat,
        )  # fmt: skip
        return [int(place) for place in places]

    def _decisions(
        self, asked: Sequence[Asked], *, aim: Aim, seed: int
    ) -> tuple[Floats, list[tuple[int, int, str]], Floats, Floats]:
        """Choices of answers; the orders of models by name and as rows; and the weights of all."""
        choices_DK = self.choices(asked)
        chance = np.random.default_rng(seed)
        data_DK = choices_DK[chance.permutation(len(choices_DK))[:MOST_DATA]]
        named, order_DK = self._orders({key for each in asked for key in each.answers})
        shares = (
            _even(len(data_DK), aim != Aim.MODELS),
            _even(len(order_DK), aim != Aim.DATA),
        )
        return data_DK, named, order_DK, np.concatenate(shares)

    def _rows(self, keys: Iterable[int]) -> Floats:
        return self._features_AK[[self._place[key] for key in keys]]

    def _differences(self, pairs: Sequence[tuple[int, int]]) -> Floats:
        return self._rows(one for one, _ in pairs) - self._rows(other for _, other in pairs)

    def _orders(self, keys: set[int]) -> tuple[list[tuple[int, int, str]], Floats]:
        """Each two models, by the mean answer of theirs that is asked about, overall and by slice."""
        named, rows = [], []
        for name in ("", *self.slices):
            means: dict[int, Floats] = {}
            mine = [
                self._place[key] for key in sorted(keys)
                if not name or name in self._answers[self._place[key]].slices
            ]  # fmt: skip
            for model in sorted({self._answers[place].model for place in mine} - {0}):
                theirs = [place for place in mine if self._answers[place].model == model]
                if len(theirs) >= LEAST_ANSWERS:
                    means[model] = self._features_AK[theirs].mean(axis=0)
            for one, other in combinations(means, 2):
                named.append((one, other, name))
                rows.append(means[one] - means[other])
        width = self._features_AK.shape[1]
        return named, np.array(rows, dtype=np.float64).reshape(len(rows), width)


class Compared(Field):
    """By preferences: a comparison tells of one difference, a ranking of each two of its answers."""

    def __init__(self, answers: Mapping[int, Answer], heard: Heard) -> None:
        super().__init__(answers)
        self.belief = believe(
            self._differences([(each.first, each.second) for each in heard.said]),
            np.array([each.preferred for each in heard.said], dtype=np.float64),
            precision_K=self._precision_K,
            weight_J=np.array([weight_of_pair(each.among) for each in heard.said]),
        )

    def looks(self, asked: Sequence[Asked]) -> Looks:
        implied = [list(combinations(each.answers, 2)) for each in asked]
        most = max((len(pairs) for pairs in implied), default=1)
        at = [(task, nth) for task, pairs in enumerate(implied) for nth in range(len(pairs))]
        task_P, nth_P = np.array(at, dtype=np.int64).reshape(-1, 2).T
        rows_CRK = np.zeros((len(asked), most, self._features_AK.shape[1]))
        weight_CR = np.zeros((len(asked), most))
        rows_CRK[task_P, nth_P] = self._differences([pair for pairs in implied for pair in pairs])
        weight_CR[task_P, nth_P] = [weight_of_pair(len(asked[task].answers)) for task, _nth in at]
        return Looks(rows_CRK, weight_CR)

    def choices(self, asked: Sequence[Asked]) -> Floats:
        return self._differences([pair for each in asked for pair in combinations(each.answers, 2)])


class Scored(Field):
    """By ratings, in points above the threshold: an answer is good that has any."""

    def __init__(self, answers: Mapping[int, Answer], heard: Heard, *, threshold: float) -> None:
        super().__init__(answers)
        constant_A1 = np.ones((len(self._answers), 1))  # how far the middle lies from the threshold
        self._features_AK = np.hstack([self._features_AK, constant_A1])
        self._precision_K = np.append(self._precision_K, MIDDLE)
        self.belief = believe_rated(
            self._rows(each.answer for each in heard.rated),
            np.array([each.points - threshold for each in heard.rated], dtype=np.float64),
            precision_K=self._precision_K,
        )

    def looks(self, asked: Sequence[Asked]) -> Looks:
        return one_each(self.choices(asked))

    def choices(self, asked: Sequence[Asked]) -> Floats:
        return self._rows(key for each in asked for key in each.answers)


def field_of(
    type_: TaskType, answers: Mapping[int, Answer], heard: Heard, *, threshold: float
) -> Field:
    if type_ == TaskType.RATING:
        return Scored(answers, heard, threshold=threshold)
    return Compared(answers, heard)


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
