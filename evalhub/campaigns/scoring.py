"""What completions were worth so far. Judgments lie above campaigns, so they say here how to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

Scores = Callable[[Sequence[int]], Mapping[int, float]]  # keys of completions -> 0 to 1, if any

_scores: list[Scores] = []  # one, filled in AppConfig.ready()


def score_by(scores: Scores) -> None:
    """Raise ValueError when two ways claim to be the one."""
    if _scores and _scores[0] is not scores:
        raise ValueError("two ways to score completions")
    _scores[:] = [scores]


def scores_of(completions: Iterable[int]) -> Mapping[int, float]:
    """The score of each that has one."""
    return _scores[0](list(completions)) if _scores else {}
