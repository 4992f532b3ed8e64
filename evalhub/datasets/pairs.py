"""Pairs of answers to one prompt, the better first: what a preference and a reward model learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from statistics import pstdev
from typing import NamedTuple

from msgspec.structs import replace

from evalhub.common.canonical import sha256_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import OVERALL_NAME, Definition
from evalhub.datasets.rows import Answer, Answers, Kept, LeftOut
from evalhub.quality.consensus import OVERALL, Marks, Votes, superiority, weighted_mean
from evalhub.quality.evidence import Evidence
from evalhub.quality.figures import as_weight

Two = tuple[int, int]  # completions by key, the lower first


STEPS = "how far its steps are right"
ByAnswer = Mapping[int, Mapping[str, Marks]]  # by completion and criterion


class Tally(NamedTuple):
    votes: Votes
    origins: tuple[str, ...]


def preference_rows(
    evidence: Evidence, answers: Answers, definition: Definition
) -> Iterator[Kept | LeftOut]:
    """Every pair that is decided, and why each other one is not."""
    tallies = tallies_of(evidence, definition)
    marks = marks_of(evidence, definition) if evidence.marks else {}
    for pair in sorted(tallies):
        yield _voted(pair, tallies[pair], marks, answers, definition)
    implied = set(tallies)
    if "ratings" in definition.evidence:
        for pair in combinations(sorted(marks), 2):
            if pair not in implied:
                implied.add(pair)
                yield _rated(pair, marks, answers, definition)
    if "steps" in definition.evidence:
        steps = {key: {STEPS: each} for key, each in evidence.steps.items()}
        for pair in combinations(sorted(steps), 2):
            if pair not in implied:
                yield _rated(pair, steps, answers, definition, origin="steps")
    if "corrections" in definition.evidence:
        for each in evidence.corrections:
            better, original = Answer(each.content, None), answers[each.completion]
            reason = "a person corrected the other one into this" + told_of(each.reliability)
            weight = as_weight(each.reliability)
            uids = (each.judgment,)
            yield pair_or_fault(
                Kept((better, original), "corrections", reason, uids, weight=weight)
            )


def tallies_of(evidence: Evidence, definition: Definition) -> dict[Two, Tally]:
    """Votes per pair: preferences on what is asked for, and rankings, which are overall."""
    found: dict[Two, Tally] = {}
    wanted = _wanted(definition)
    sources = []
    if "preferences" in definition.evidence:
        sources.append(("preferences", evidence.votes))
    if "rankings" in definition.evidence and OVERALL in wanted:
        every = definition.rankings == "all"
        sources.append(("rankings", evidence.rankings if every else evidence.neighbours))
    for origin, votes_of in sources:
        for (first, second, criterion), votes in votes_of.items():
            if criterion not in wanted:
                continue
            votes = votes if wanted[criterion] == 1 else _times(votes, wanted[criterion])
            before = found.get((first, second))
            found[first, second] = (
                Tally(_sum(before.votes, votes), (*before.origins, origin))
                if before
                else Tally(votes, (origin,))
            )
    return found


def _sum(one: Votes, other: Votes) -> Votes:
    return Votes(
        for_first=one.for_first + other.for_first,
        for_second=one.for_second + other.for_second,
        ties=one.ties + other.ties,
        both_bad=one.both_bad + other.both_bad,
        margins=one.margins + other.margins,
        judgments=[*one.judgments, *other.judgments],
        ballots=[*one.ballots, *other.ballots],
    )


def _wanted(definition: Definition) -> dict[str, float]:
    """What a vote on each criterion counts; together as much as there are criteria."""
    if not definition.weights:
        return {definition.criterion: 1.0}
    total = sum(definition.weights.values())
    return {
        OVERALL if name == OVERALL_NAME else name: weight * len(definition.weights) / total
        for name, weight in definition.weights.items()
    }


def _times(votes: Votes, weight: float) -> Votes:
    return Votes(
        for_first=votes.for_first * weight,
        for_second=votes.for_second * weight,
        ties=votes.ties * weight,
        both_bad=votes.both_bad * weight,
        margins=votes.margins * weight,
        judgments=votes.judgments,
    )


def _voted(
    pair: Two, tally: Tally, marks: ByAnswer, answers: Answers, definition: Definition
) -> Kept | LeftOut:
    votes, share, weight = tally.votes, tally.votes.chance_first, tally.votes.weight
    first, second = answers[pair[0]], answers[pair[1]]
    if votes.is_both_bad:
        return LeftOut("both_bad", (first, second))
    if len(votes.judgments) < definition.min_judgments:
        return LeftOut("too_few", (first, second))
    if round(share, 3) == 0.5:
        return _tied((first, second), tally, definition)
    if max(share, 1 - share) < definition.least_share(BuildKind.PREFERENCE):
        return LeftOut("no_consensus", (first, second))
    better = (first, second) if share > 0.5 else (second, first)
    for_it = votes.for_first if share > 0.5 else votes.for_second
    ties = votes.ties + votes.both_bad
    reason = f"preferred by {for_it:g} of {weight:g}" + (f", {ties:g} undecided" * (ties > 0))
    origin, uids = "+".join(tally.origins), tuple(votes.judgments)
    gap = _gap(pair, marks)
    is_against = gap is not None and (gap > 0) != (share > 0.5) and gap != 0
    return pair_or_fault(
        Kept(
            better,
            origin,
            reason,
            uids,
            p_chosen=max(share, 1 - share),
            weight=weight,
            flags=("rated_lower",) if is_against else (),
            margin=max(0.0, votes.margins if share > 0.5 else -votes.margins) / weight,
        )
    )


def _gap(pair: Two, marks: ByAnswer) -> float | None:
    """By how much the first is rated higher, on the criteria on which both have a value."""
    if pair[0] not in marks or pair[1] not in marks:
        return None
    one, other = marks[pair[0]], marks[pair[1]]
    shared = [name for name in one.keys() & other.keys() if one[name].n and other[name].n]
    if not shared:
        return None
    gaps = [one[name].level - other[name].level for name in shared]
    return weighted_mean(gaps, [one[name].weight for name in shared])


def _tied(pair: tuple[Answer, Answer], tally: Tally, definition: Definition) -> Kept | LeftOut:
    """Half a vote for each: which of them stands first is by lot, the same on any machine."""
    if definition.ties == "leave_out":
        return LeftOut("tie", pair)
    one, other = sorted(pair, key=lambda each: sha256_of(each.whole))
    votes, origin = tally.votes, "+".join(tally.origins)
    reason = f"undecided after {votes.weight:g} vote{'s' * (votes.weight != 1)}"
    kept = Kept((one, other), origin, reason, tuple(votes.judgments), 0.5, votes.weight)
    return pair_or_fault(kept)


def marks_of(evidence: Evidence, definition: Definition) -> dict[int, dict[str, Marks]]:
    """By completion and criterion, those that count, each with what it counts."""
    found: dict[int, dict[str, Marks]] = defaultdict(dict)
    if definition.weights:
        for (completion, criterion), marks in evidence.marks.items():
            if weight := definition.weights.get(criterion):
                found[completion][criterion] = replace(marks, weight=weight)
        return found
    for (completion, criterion), marks in evidence.marks.items():
        if definition.criterion in ("", criterion) and (marks.weight or definition.criterion):
            found[completion][criterion] = marks
    return found


def _rated(
    pair: Two,
    marks: ByAnswer,
    answers: Answers,
    definition: Definition,
    *,
    origin: str = "ratings",
) -> Kept | LeftOut:
    """Compared on the criteria on which both have a value: what is missing decides nothing."""
    one, other = (marks[key] for key in pair)
    first, second = (answers[key] for key in pair)
    shared = sorted(name for name in one.keys() & other.keys() if one[name].n and other[name].n)
    if not shared:
        return LeftOut("not_comparable", (first, second))
    values = {name: (one[name].values, other[name].values) for name in shared}
    if any(is_disagreed(each, definition) for both in values.values() for each in both):
        return LeftOut("disagreed", (first, second))
    if min(len(each) for both in values.values() for each in both) < definition.min_judgments:
        return LeftOut("too_few", (first, second))
    gaps = [one[name].level - other[name].level for name in shared]
    weights = [one[name].weight for name in shared]
    gap = weighted_mean(gaps, weights)
    if abs(gap) < definition.margin:
        return LeftOut("below_margin", (first, second))
    above = weighted_mean([superiority(one[name], other[name]) for name in shared], weights)
    p_chosen = above if gap > 0 else 1 - above
    if p_chosen <= 0.5 or p_chosen < definition.least_share(BuildKind.PREFERENCE):
        return LeftOut("no_consensus", (first, second))
    better = (first, second) if gap > 0 else (second, first)
    judgments = {uid for name in shared for uid in (*one[name].judgments, *other[name].judgments)}
    weight = min(max(each[name].n for name in shared) for each in (one, other))
    reason = f"rated {abs(gap):.2f} points higher on {', '.join(shared)}"
    uids = tuple(sorted(judgments))
    return pair_or_fault(
        Kept(better, origin, reason, uids, p_chosen, float(weight), margin=abs(gap))
    )


def told_of(reliability: float | None) -> str:
    """For the reason of a row; "" where nothing is known of who wrote it."""
    return "" if reliability is None else f" (reliability {reliability:.2f})"


def pair_or_fault(kept: Kept) -> Kept | LeftOut:
    """The pair, unless an answer is blank or both are the same."""
    texts = [each.whole for each in kept.answers]
    if any(not text.strip() for text in texts):
        return LeftOut("empty", kept.answers)
    return LeftOut("same_text", kept.answers) if texts[0] == texts[1] else kept


def is_disagreed(values: list[float], definition: Definition) -> bool:
    """Whether ratings of one answer on one criterion have a standard deviation above the bar."""
    if definition.max_spread is None or len(values) < 2:
        return False
    return pstdev(values) > definition.max_spread


def mean_of(values: list[float]) -> float:
    return sum(values) / len(values)
