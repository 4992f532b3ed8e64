"""Single answers to a prompt: the one worth learning, or each with whether it is a good one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from evalhub.common.canonical import sha256_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.pairs import (
    Tally,
    Two,
    is_disagreed,
    marks_of,
    mean_of,
    tallies_of,
    told_of,
)
from evalhub.datasets.rows import Answer, Answers, Kept, LeftOut
from evalhub.quality.consensus import Marks, weighted_mean
from evalhub.quality.evidence import Corrected, Evidence, Written
from evalhub.quality.figures import as_weight


def sft_rows(evidence: Evidence, answers: Answers, definition: Definition) -> list[Kept | LeftOut]:
    """One for each prompt."""
    return [sft_row(evidence, answers, definition)]


def sft_row(evidence: Evidence, answers: Answers, definition: Definition) -> Kept | LeftOut:
    """The one answer worth learning, or why there is none. It weighs 1, however many people found it good:
    who wrote or corrected one says no less than five who rated another. By reliability what a person wrote
    weighs as far as they can be relied on, and of several the most reliable one's is taken.
    """
    by_hand: list[tuple[float, datetime, str, str, Corrected | Written]] = []
    for origin, written in (
        ("corrections", evidence.corrections),
        ("demonstrations", evidence.demonstrations),
    ):
        if origin in definition.evidence:
            by_hand += [
                (as_weight(row.reliability), row.at, row.judgment, origin, row) for row in written
            ]
    if by_hand:
        weight, _, _, origin, last = max(by_hand, key=lambda each: each[:3])
        if last.content.strip():
            answer, reason = Answer(last.content, None), _by_hand(last)
            return Kept((answer,), origin, reason, (last.judgment,), weight=weight)
    marks = marks_of(evidence, definition) if "ratings" in definition.evidence else {}
    if any(each.n for rated in marks.values() for each in rated.values()):
        return _best_rated(marks, answers, definition)
    tallies = tallies_of(evidence, definition)
    if tallies:
        return _winner(tallies, answers, definition)
    return LeftOut("nobody_could_tell" if marks else "nothing_said")


def _by_hand(written: Corrected | Written) -> str:
    return "a person wrote it" + told_of(written.reliability)


def _best_rated(
    marks: dict[int, dict[str, Marks]], answers: Answers, definition: Definition
) -> Kept | LeftOut:
    means: dict[int, float] = {}
    for key, by_criterion in marks.items():
        rated = [each for each in by_criterion.values() if each.n]
        if rated and answers[key].whole.strip():
            weights = [each.weight for each in rated]
            means[key] = weighted_mean([each.level for each in rated], weights)
    if not means:
        return LeftOut("empty")
    by_mean = sorted(means, key=lambda key: (-means[key], sha256_of(answers[key].whole)))
    good = [key for key in by_mean if means[key] >= definition.min_rating]
    if not good:
        return LeftOut("below_threshold", (answers[by_mean[0]],))
    sure = [key for key in good if not _doubt(marks[key], definition)]
    if not sure:
        return LeftOut(_doubt(marks[good[0]], definition), (answers[good[0]],))
    best = sure[0]
    count = max(each.n for each in marks[best].values())
    reason = f"the best of {len(means)}, mean rating {means[best]:.2f} of {count}"
    if passed := good.index(best):
        reason += f"; {passed} rated higher, but by too few or too differently"
    uids = tuple(sorted({uid for each in marks[best].values() for uid in each.judgments}))
    return Kept((answers[best],), "ratings", reason, uids)


def _doubt(marks: dict[str, Marks], definition: Definition) -> str:
    """Why what people rated so is not sure enough; "" where it is."""
    if any(is_disagreed(each.values, definition) for each in marks.values()):
        return "disagreed"
    judgments = {uid for each in marks.values() for uid in each.judgments}
    return "too_few" if len(judgments) < definition.min_judgments else ""


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
    means = {key: mean_of(each) for key, each in shares.items()}
    top = max(means.values())
    best = [key for key in sorted(means) if means[key] == top]
    if all(bad[best[0]]):
        return LeftOut("both_bad", tuple(answers[key] for key in best))
    if len({answers[key].whole for key in best}) > 1:
        return LeftOut("tie", tuple(answers[key] for key in best))
    if top < definition.least_share(BuildKind.SFT):
        return LeftOut("no_consensus", (answers[best[0]],))
    if not answers[best[0]].whole.strip():
        return LeftOut("empty", (answers[best[0]],))
    involved = [tally for pair, tally in tallies.items() if best[0] in pair]
    judgments = {uid for votes, _ in involved for uid in votes.judgments}
    if len(judgments) < definition.min_judgments:
        return LeftOut("too_few", (answers[best[0]],))
    origins = "+".join(sorted({name for _, names in involved for name in names}))
    reason = f"the winner with {top:.0%} of the votes"
    uids = tuple(sorted(judgments))
    return Kept((answers[best[0]],), origins, reason, uids)


def unpaired_rows(
    evidence: Evidence, answers: Answers, definition: Definition
) -> Iterator[Kept | LeftOut]:
    """Each answer that people found good or bad: by its ratings, else by its votes; a correction is a
    good one, and what was corrected a bad one.
    """
    corrected = set()
    if "corrections" in definition.evidence:
        for each in evidence.corrections:
            corrected.add(each.completion)
            answer, weight = Answer(each.content, None), as_weight(each.reliability)
            uids = (each.judgment,)
            yield _whole(Kept((answer,), "corrections", _by_hand(each), uids, weight=weight))
        for key in sorted(corrected):
            by = [each for each in evidence.corrections if each.completion == key]
            kept = Kept(
                (answers[key],),
                "corrections",
                "a person corrected it",
                tuple(each.judgment for each in by),
                weight=max(as_weight(each.reliability) for each in by),
                is_good=False,
            )
            yield _whole(kept)
    marks = marks_of(evidence, definition) if "ratings" in definition.evidence else {}
    shares = _shares(tallies_of(evidence, definition))
    for key in sorted((marks.keys() | shares.keys()) - corrected):
        if any(each.n for each in marks.get(key, {}).values()):
            yield _by_ratings(answers[key], marks[key], definition)
        elif key in shares:
            yield _by_votes(answers[key], shares[key], definition)
        else:
            yield LeftOut("nobody_could_tell", (answers[key],))


def _by_ratings(answer: Answer, marks: dict[str, Marks], definition: Definition) -> Kept | LeftOut:
    rated = [each for each in marks.values() if each.n]
    mean = weighted_mean([each.level for each in rated], [each.weight for each in rated])
    if doubt := _doubt(marks, definition):
        return LeftOut(doubt, (answer,))
    if definition.max_rating < mean < definition.min_rating:
        return LeftOut("undecided", (answer,))
    count = max(each.n for each in rated)
    reason = f"mean rating {mean:.2f} of {count}"
    is_good = mean >= definition.min_rating
    uids = tuple(sorted({uid for each in rated for uid in each.judgments}))
    return _whole(Kept((answer,), "ratings", reason, uids, weight=float(count), is_good=is_good))


class Shares(NamedTuple):
    """The votes on all pairs that an answer stood in."""

    won: list[float]
    origins: set[str]
    judgments: set[str]
    is_bad: bool  # at least half said so each time


def _shares(tallies: dict[Two, Tally]) -> dict[int, Shares]:
    found: dict[int, Shares] = {}
    for pair, (votes, origins) in tallies.items():
        for key, share in zip(pair, (votes.chance_first, 1 - votes.chance_first), strict=True):
            known = found.get(key, Shares([], set(), set(), is_bad=True))
            found[key] = Shares(
                [*known.won, share],
                known.origins.union(origins),
                known.judgments.union(votes.judgments),
                known.is_bad and votes.is_both_bad,
            )
    return found


def _by_votes(answer: Answer, shares: Shares, definition: Definition) -> Kept | LeftOut:
    won, least = mean_of(shares.won), definition.least_share(BuildKind.UNPAIRED)
    if len(shares.judgments) < definition.min_judgments:
        return LeftOut("too_few", (answer,))
    if not shares.is_bad and 1 - least < won < least:
        return LeftOut("undecided", (answer,))
    is_good = not shares.is_bad and won >= least
    reason = "at least half say that it will not do" if shares.is_bad else f"{won:.0%} of the votes"
    uids = tuple(sorted(shares.judgments))
    weight = float(len(uids))
    origin = "+".join(sorted(shares.origins))
    return _whole(Kept((answer,), origin, reason, uids, weight=weight, is_good=is_good))


def _whole(kept: Kept) -> Kept | LeftOut:
    return kept if kept.answers[0].whole.strip() else LeftOut("empty", kept.answers)
