"""What many judgments say together. Plain numbers: nothing here reads the database."""

from __future__ import annotations

from itertools import product

from msgspec import Struct

from evalhub.stats.ballots import Ballot, chance_first

OVERALL = ""  # the criterion of an overall preference


class Votes(Struct):
    """Judgments on one pair of completions. A tie is half a vote for each; so is "both bad"."""

    for_first: float = 0.0
    for_second: float = 0.0
    ties: float = 0.0
    both_bad: float = 0.0
    margins: float = 0.0  # the sum of how strongly, towards the first
    judgments: list[str] = []  # uids
    ballots: list[Ballot] = []  # of those whose people are known

    def add(
        self,
        judgment: str,
        *,
        margin: int,
        both_bad: bool = False,
        weight: float = 1.0,
        ballot: Ballot | None = None,
    ) -> None:
        """`margin` above 0 speaks for the first, below for the second, 0 is a tie."""
        self.judgments.append(judgment)
        if not both_bad:
            self.margins += margin * weight
        if ballot is not None:
            self.ballots.append(ballot)
        if both_bad:
            self.both_bad += weight
        elif margin > 0:
            self.for_first += weight
        elif margin < 0:
            self.for_second += weight
        else:
            self.ties += weight

    @property
    def weight(self) -> float:
        return self.for_first + self.for_second + self.ties + self.both_bad

    @property
    def share_first(self) -> float:
        """P(first preferred): 3 for the first, 1 for the second give 0.75; one tie more, 0.7."""
        return (self.for_first + (self.ties + self.both_bad) / 2) / self.weight

    @property
    def chance_first(self) -> float:
        """P(the first is better), by how far people can be relied on where that is known of all who
        voted, else by their share: a verdict is no ballot among others.
        """
        if len(self.ballots) < len(self.judgments):
            return self.share_first
        return chance_first(self.ballots)

    @property
    def is_both_bad(self) -> bool:
        """At least half say that neither will do."""
        return self.both_bad * 2 >= self.weight


class Marks(Struct):
    """Values given to one completion on one criterion. Missing is not zero."""

    values: list[float] = []
    missing: int = 0
    judgments: list[str] = []  # uids
    weight: float = 1  # of the criterion, in a mean over several; 0: in none
    trust: list[float] = []  # how much each value counts; empty: all the same

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float | None:
        """None when nobody could tell."""
        return self.level if self.values else None

    @property
    def level(self) -> float:
        """The mean of what is there: ask for it where `n` is above 0."""
        if not self.trust:
            return sum(self.values) / self.n
        return weighted_mean(self.values, self.trust)


def superiority(one: Marks, other: Marks) -> float:
    """P(a mark of `one` is above one of `other`), ties half: [5, 4] against [4] give 0.75. A pair of marks
    counts by the trust in both.

    Source:
        Vargha and Delaney, "A critique and improvement of the CL common language effect size
        statistics of McGraw and Wong", 2000, the measure A.
    """
    pairs = [(a > b) + (a == b) / 2 for a in one.values for b in other.values]
    if not (one.trust or other.trust):
        return sum(pairs) / len(pairs)
    trusts = (each.trust or [1.0] * each.n for each in (one, other))
    return weighted_mean(pairs, [a * b for a, b in product(*trusts)])


def weighted_mean(values: list[float], weights: list[float]) -> float:
    """The plain mean where nothing weighs: a criterion asked for by its name alone, or people of whom
    nobody can be relied on.

    >>> weighted_mean([2.0, 5.0], [2, 1])
    3.0
    """
    if not any(weights):
        return sum(values) / len(values)
    told = zip(values, weights, strict=True)
    return sum(value * weight for value, weight in told) / sum(weights)
