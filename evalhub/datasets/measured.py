"""What a model is measured on: a prompt with its reference, and what people thought of its answers."""

from __future__ import annotations

from collections import defaultdict

from evalhub.datasets.definition import Definition
from evalhub.datasets.pairs import mean_of, tallies_of
from evalhub.datasets.rows import Answers, Kept, LeftOut, Scores
from evalhub.quality.evidence import Evidence


def evaluation_rows(
    evidence: Evidence, answers: Answers, definition: Definition
) -> list[Kept | LeftOut]:
    """One for each prompt: all that was judged of it, by the mean of each criterion and the share of
    the votes (`win_rate`).
    """
    scores: dict[int, Scores] = defaultdict(dict)
    judgments: set[str] = set()
    for (completion, criterion), marks in evidence.marks.items():
        if marks.n:
            scores[completion][criterion] = {"mean": round(marks.level, 3), "n": marks.n}
            judgments.update(marks.judgments)
    won: dict[int, list[float]] = defaultdict(list)
    votes_of: dict[int, float] = defaultdict(float)
    for (first, second), (votes, _) in tallies_of(evidence, definition).items():
        judgments.update(votes.judgments)
        for key, share in ((first, votes.chance_first), (second, 1 - votes.chance_first)):
            won[key].append(share)
            votes_of[key] += votes.weight
    for key, shares in won.items():
        scores[key]["win_rate"] = {"mean": round(mean_of(shares), 3), "n": votes_of[key]}
    if not scores:
        return [LeftOut("nothing_said")]
    keys = sorted(scores, key=lambda key: answers[key].whole)
    found = tuple(answers[key] for key in keys)
    reason = f"{len(found)} answers that people judged"
    told = tuple(scores[key] for key in keys)
    return [Kept(found, "judged", reason, tuple(sorted(judgments)), scores=told)]
