"""The answers to one question, numbered for agreement.

Shapes: R answers, U units, A people, G buckets of prompt groups, K sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evalhub.accounts.models import Member
from evalhub.quality.questions import Asked, places
from evalhub.stats.agreement import Coded, Level, coded
from evalhub.stats.agreement_parts import low_of_unanimous
from evalhub.stats.by_level import OF_NUMBERS, figure_of, paired_in, sums_of
from evalhub.stats.intervals import Estimate, buckets, estimate_of_sums

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Answered:
    asked: Asked  # with those who could not tell
    given: Asked  # without them
    answers: Coded  # the same, numbered
    bucket_U: Ints  # of the groups of prompts

    @property
    def level(self) -> Level:
        return self.asked.level

    @property
    def is_number(self) -> bool:
        return self.level in OF_NUMBERS

    @property
    def figure(self) -> Callable[[Floats], Floats]:
        """Alpha of lines of `sums`."""
        return figure_of(self.answers.values_V, self.level)

    @cached_property
    def counts(self) -> Floats:
        return self.answers.counts()

    @cached_property
    def is_met(self) -> NDArray[np.bool_]:
        """Which units have two answers or more."""
        met: NDArray[np.bool_] = np.bincount(self.answers.unit_R, minlength=self.answers.units) > 1
        return met

    @cached_property
    def members(self) -> list[Member]:
        """In order of their keys, as the raters of `answers` are."""
        keys = np.unique(self.given.member_R).tolist()
        known = Member.objects.in_bulk(keys)
        return [known[key] for key in keys]

    def of_unit(self, column_R: Ints) -> Ints:
        """What is the same for all answers to a unit, once for each."""
        column_U = np.zeros(self.answers.units, dtype=np.int64)
        column_U[self.answers.unit_R] = column_R
        return column_U

    def within(self, in_U: NDArray[np.bool_]) -> Coded:
        """The answers to some of the units."""
        in_R = in_U[self.answers.unit_R]
        return replace(
            self.answers,
            unit_R=(np.cumsum(in_U) - 1)[self.answers.unit_R[in_R]],
            rater_R=self.answers.rater_R[in_R],
            code_R=self.answers.code_R[in_R],
            units=int(in_U.sum()),
        )

    def sums(self, group_U: Ints, groups: int) -> Floats:
        """sums_GK of the units of each group, from 0; a group of -1 is left out."""
        in_U = group_U >= 0
        found_GK = sums_of(self.within(in_U), self.level, group_U[in_U])
        sums_GK = np.zeros((groups, found_GK.shape[1]))
        sums_GK[: len(found_GK)] = found_GK
        return sums_GK

    def paired(self, sums_GK: Floats) -> Floats:
        """How many answers to units of two or more stand behind each line of sums."""
        return paired_in(sums_GK, self.level)

    def lowest(self, sums_1K: Floats, groups: int) -> float | None:
        """The lower end where nobody disagreed; see `low_of_unanimous`."""
        if self.is_number:
            return low_of_unanimous(groups)
        V = len(self.answers.values_V)
        return low_of_unanimous(groups, sums_1K.reshape(V, V).sum(axis=1))


def answered(asked: Asked) -> Answered:
    given = asked.given()
    answers = coded(given.unit_R, given.member_R, given.value_R)
    found = Answered(asked, given, answers, np.zeros(0, dtype=np.int64))
    group_U = places(found.of_unit(given.group_R))
    bucket_U = buckets(int(group_U.max(initial=-1)) + 1)[group_U]
    return Answered(asked, given, answers, bucket_U)


def alpha_in(said: Answered, *, beat: Beat) -> Estimate:
    """Alpha of all answers with its interval, by drawing groups of prompts."""
    groups = int(said.bucket_U.max(initial=-1)) + 1
    sums_GK = said.sums(said.bucket_U, groups)
    paired_G = said.paired(sums_GK)
    found = estimate_of_sums(sums_GK, said.figure, n=round(paired_G.sum()), beat=beat)
    if found.value != 1:
        return found
    low = said.lowest(sums_GK.sum(axis=0), int((paired_G > 0).sum()))
    return replace(found, low=low)
