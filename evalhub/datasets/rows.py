"""From what was said about one prompt to its rows. Nothing here reads the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple
from uuid import UUID

from evalhub.common.canonical import digest_of, sha256_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.steps import REASONS as OF_CLEANING
from evalhub.datasets.definition import Definition
from evalhub.quality.consensus import Marks, Votes, superiority, weighted_mean
from evalhub.quality.queries import Corrected, Evidence, Written

ID_LENGTH = 32  # hex digits of a content uid


@dataclass(frozen=True)
class Answer:
    """A completion as far as rows need it; `uid` is None for a correction."""

    content: str
    uid: UUID | None
    calls_tools: bool = False
    finish: str = ""  # "length" where its limit cut it


@dataclass(frozen=True)
class Kept:
    """A row: one answer (SFT) or two, the better first; who says so, and how sure they are."""

    answers: tuple[Answer, ...]
    origin: str
    reason: str
    judgments: tuple[UUID, ...]
    p_chosen: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True)
class LeftOut:
    reason: str  # a stable word, see REASONS
    answers: tuple[Answer, ...] = ()


REASONS = {
    "tie": "as many votes for one as for the other",
    "both_bad": "at least half of the votes say that neither will do",
    "no_consensus": "the share of the votes for the better one is too low",
    "below_margin": "the mean ratings lie closer together than the margin",
    "not_comparable": "no criterion on which both have a rating",
    "below_threshold": "the best mean rating is below the threshold",
    "nobody_could_tell": "rated only with “cannot tell”",
    "nothing_said": "judged, but with no evidence of the kinds asked for",
    "same_text": "both answers have the same text",
    "empty": "an answer is blank",
    "archived": "somebody archived its prompt",
    "no_split": "its group was merged with one of another split",
    "calls_tools": "an answer calls tools, which rows do not hold yet",
    "too_long": "longer than the model can take",
    **OF_CLEANING,
}

Two = tuple[int, int]  # completions by key, the lower first
Answers = dict[int, Answer]


class Tally(NamedTuple):
    votes: Votes
    origins: tuple[str, ...]


def preference_rows(
    evidence: Evidence, answers: Answers, definition: Definition
) -> Iterator[Kept | LeftOut]:
    """Every pair that is decided, and why each other one is not."""
    tallies = _tallies(evidence, definition)
    for pair in sorted(tallies):
        yield _voted(pair, tallies[pair], answers, definition)
    if "ratings" in definition.evidence:
        marks = _marks(evidence, definition)
        for pair in combinations(sorted(marks), 2):
            if pair not in tallies:
                yield _rated(pair, marks, answers, definition)
    if "corrections" in definition.evidence:
        for each in evidence.corrections:
            better, original = Answer(each.content, None), answers[each.completion]
            reason = "a person corrected the other one into this"
            yield _pair_or_fault(Kept((better, original), "corrections", reason, (each.judgment,)))


def sft_row(evidence: Evidence, answers: Answers, definition: Definition) -> Kept | LeftOut:
    """The one answer worth learning, or why there is none."""
    by_hand: list[tuple[datetime, int, str, Corrected | Written]] = []
    for origin, written in (
        ("corrections", evidence.corrections),
        ("demonstrations", evidence.demonstrations),
    ):
        if origin in definition.evidence:
            by_hand += [(row.at, row.judgment.int, origin, row) for row in written]
    if by_hand:
        _, _, origin, last = max(by_hand, key=lambda each: each[:2])
        if last.content.strip():
            answer = Answer(last.content, None)
            return Kept((answer,), origin, "a person wrote it", (last.judgment,))
    marks = _marks(evidence, definition) if "ratings" in definition.evidence else {}
    if any(each.n for rated in marks.values() for each in rated.values()):
        return _best_rated(marks, answers, definition)
    tallies = _tallies(evidence, definition)
    if tallies:
        return _winner(tallies, answers, definition)
    return LeftOut("nobody_could_tell" if marks else "nothing_said")


def content_uid(messages: list[dict[str, str]], kept: Kept, criterion: str = "") -> str:
    """Names a row by its text alone, so that it is the same in every build and database.

    Args:
        criterion: of a label: the same prompt may be called "yes" on two.
    """
    texts = [each.content for each in kept.answers]
    return digest_of([messages, *texts, *([criterion] if criterion else [])])[:ID_LENGTH]


def prompt_uid(messages: list[dict[str, str]]) -> str:
    return digest_of([messages])[:ID_LENGTH]


def _tallies(evidence: Evidence, definition: Definition) -> dict[Two, Tally]:
    """Votes per pair: preferences on the criterion asked for, and rankings, which are overall."""
    found: dict[Two, Tally] = {}
    sources = []
    if "preferences" in definition.evidence:
        sources.append(("preferences", evidence.votes))
    if "rankings" in definition.evidence and not definition.criterion:
        every = definition.rankings == "all"
        sources.append(("rankings", evidence.rankings if every else evidence.neighbours))
    for origin, votes_of in sources:
        for (first, second, criterion), votes in votes_of.items():
            if criterion != definition.criterion:
                continue
            before = found.get((first, second), Tally(Votes(), ()))
            found[first, second] = Tally(_sum(before.votes, votes), (*before.origins, origin))
    return found


def _sum(one: Votes, other: Votes) -> Votes:
    return Votes(
        for_first=one.for_first + other.for_first,
        for_second=one.for_second + other.for_second,
        ties=one.ties + other.ties,
        both_bad=one.both_bad + other.both_bad,
        judgments=[*one.judgments, *other.judgments],
        ballots=[*one.ballots, *other.ballots],
    )


def _voted(pair: Two, tally: Tally, answers: Answers, definition: Definition) -> Kept | LeftOut:
    votes, share = tally.votes, tally.votes.chance_first
    first, second = (answers[key] for key in pair)
    if votes.is_both_bad:
        return LeftOut("both_bad", (first, second))
    if round(share, 3) == 0.5:
        return LeftOut("tie", (first, second))
    if max(share, 1 - share) < definition.least_share(BuildKind.PREFERENCE):
        return LeftOut("no_consensus", (first, second))
    better = (first, second) if share > 0.5 else (second, first)
    for_it = votes.for_first if share > 0.5 else votes.for_second
    ties = votes.ties + votes.both_bad
    reason = f"preferred by {for_it:g} of {votes.weight:g}" + (f", {ties:g} undecided" * (ties > 0))
    origin, uids = "+".join(tally.origins), tuple(votes.judgments)
    kept = Kept(better, origin, reason, uids, max(share, 1 - share), votes.weight)
    return _pair_or_fault(kept)


def _marks(evidence: Evidence, definition: Definition) -> dict[int, dict[str, Marks]]:
    found: dict[int, dict[str, Marks]] = defaultdict(dict)
    for (completion, criterion), marks in evidence.marks.items():
        if definition.criterion in ("", criterion) and (marks.weight or definition.criterion):
            found[completion][criterion] = marks
    return found


def _rated(
    pair: Two, marks: dict[int, dict[str, Marks]], answers: Answers, definition: Definition
) -> Kept | LeftOut:
    """Compared on the criteria on which both have a value: what is missing decides nothing."""
    one, other = (marks[key] for key in pair)
    first, second = (answers[key] for key in pair)
    shared = sorted(name for name in one.keys() & other.keys() if one[name].n and other[name].n)
    if not shared:
        return LeftOut("not_comparable", (first, second))
    gaps = [_mean(one[name].values) - _mean(other[name].values) for name in shared]
    weights = [one[name].weight for name in shared]
    gap = weighted_mean(gaps, weights)
    if abs(gap) < definition.margin:
        return LeftOut("below_margin", (first, second))
    above = weighted_mean(
        [superiority(one[name].values, other[name].values) for name in shared], weights
    )
    p_chosen = above if gap > 0 else 1 - above
    if p_chosen <= 0.5 or p_chosen < definition.least_share(BuildKind.PREFERENCE):
        return LeftOut("no_consensus", (first, second))
    better = (first, second) if gap > 0 else (second, first)
    judgments = {uid for name in shared for uid in (*one[name].judgments, *other[name].judgments)}
    weight = min(max(each[name].n for name in shared) for each in (one, other))
    reason = f"rated {abs(gap):.2f} points higher on {', '.join(shared)}"
    uids = tuple(sorted(judgments, key=str))
    return _pair_or_fault(Kept(better, "ratings", reason, uids, p_chosen, float(weight)))


def _pair_or_fault(kept: Kept) -> Kept | LeftOut:
    texts = [each.content for each in kept.answers]
    if any(not text.strip() for text in texts):
        return LeftOut("empty", kept.answers)
    return LeftOut("same_text", kept.answers) if texts[0] == texts[1] else kept


def _best_rated(
    marks: dict[int, dict[str, Marks]], answers: Answers, definition: Definition
) -> Kept | LeftOut:
    means: dict[int, float] = {}
    for key, by_criterion in marks.items():
        rated = [each for each in by_criterion.values() if each.n]
        if rated and answers[key].content.strip():
            weights = [each.weight for each in rated]
            means[key] = weighted_mean([_mean(each.values) for each in rated], weights)
    if not means:
        return LeftOut("empty")
    best = min(means, key=lambda key: (-means[key], sha256_of(answers[key].content)))
    if means[best] < definition.min_rating:
        return LeftOut("below_threshold", (answers[best],))
    judgments = {uid for each in marks[best].values() for uid in each.judgments}
    count = max(each.n for each in marks[best].values())
    reason = f"the best of {len(means)}, mean rating {means[best]:.2f} of {count}"
    uids = tuple(sorted(judgments, key=str))
    return Kept((answers[best],), "ratings", reason, uids, weight=float(count))


def _winner(tallies: dict[Two, Tally], answers: Answers, definition: Definition) -> Kept | LeftOut:
    """The completion with the highest mean share over its pairs."""
    shares: dict[int, list[float]] = defaultdict(list)
    bad: dict[int, list[bool]] = defaultdict(list)
    for (first, second), (votes, _) in tallies.items():
        chance = votes.chance_first
        shares[first].append(chance)
        shares[second].append(1 - chance)
        for key in (first, second):
            bad[key].append(votes.is_both_bad)
    means = {key: _mean(each) for key, each in shares.items()}
    top = max(means.values())
    best = [key for key in sorted(means) if means[key] == top]
    if all(bad[best[0]]):
        return LeftOut("both_bad", tuple(answers[key] for key in best))
    if len({answers[key].content for key in best}) > 1:
        return LeftOut("tie", tuple(answers[key] for key in best))
    if top < definition.least_share(BuildKind.SFT):
        return LeftOut("no_consensus", (answers[best[0]],))
    if not answers[best[0]].content.strip():
        return LeftOut("empty", (answers[best[0]],))
    involved = [tally for pair, tally in tallies.items() if best[0] in pair]
    judgments = {uid for votes, _ in involved for uid in votes.judgments}
    origins = "+".join(sorted({name for _, names in involved for name in names}))
    reason = f"the winner with {top:.0%} of the votes"
    uids = tuple(sorted(judgments, key=str))
    return Kept((answers[best[0]],), origins, reason, uids, weight=float(len(uids)))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def as_row(
    kind: BuildKind, messages: list[dict[str, str]], group: UUID, kept: Kept, form: str
) -> dict[str, Any]:
    """The row as trainers read it; what it takes beyond that (id, group, weights) they ignore."""
    named = kept.origin if kind == BuildKind.CLASSIFICATION else ""
    row: dict[str, Any] = {"id": content_uid(messages, kept, named), "group": str(group)}
    row["prompt"] = messages if form == "conversational" else as_text(messages)
    if kind == BuildKind.CLASSIFICATION:
        said = {"criterion": kept.origin, "label": kept.answers[0].content}
        return row | said | {"share": round(kept.p_chosen, 3), "weight": round(kept.weight, 3)}
    names = ("completion",) if kind == BuildKind.SFT else ("chosen", "rejected")
    for name, answer in zip(names, kept.answers, strict=True):
        text = answer.content
        row[name] = [{"role": "assistant", "content": text}] if form == "conversational" else text
    if kind == BuildKind.PREFERENCE:
        row["p_chosen"] = round(kept.p_chosen, 3)
    row["weight"] = round(kept.weight, 3)
    return row


def as_text(messages: list[dict[str, str]]) -> str:
    """A single turn as it is; a conversation with a label before each turn, ours to answer last."""
    if len(messages) == 1:
        return messages[0]["content"]
    turns = [f"{each['role'].capitalize()}: {each['content']}" for each in messages]
    return "\n\n".join([*turns, "Assistant: "])
