"""From the answers in a scope to what was said about each prompt. Shapes: R answers, G groups of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.blocks import MISSING, Block, Ints, Report, blocks_of
from evalhub.quality.consensus import OVERALL, Marks, Votes
from evalhub.quality.distrusted import Distrusted
from evalhub.quality.evidence import Corrected, Evidence, Label, Mark, Pair, Written
from evalhub.quality.relied import called_so, leans_of, reliabilities_of
from evalhub.quality.scope import Scope
from evalhub.quality.weighing import Lean, Weighing
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.ballots import Ballot

LOWEST, HIGHEST = 1.0, 5.0  # every scale is stretched onto this one
BETTER_WHEN_HIGHER = (ScaleKind.SCALE, ScaleKind.YES_NO)
# a choice has no order, words have no value, and more of a number may be worse

Criteria = Mapping[int, Criterion]  # by key


def evidence_in(
    scope: Scope, *, report: Report = lambda _done, _total: None
) -> Iterator[dict[int, Evidence]]:
    """What was said about the prompts that have a judgment in scope, some thousand at a time.

    Each dictionary goes by the prompts' keys, in order, and so do the judgments of each.
    """
    for block in blocks_of(scope, report=report):
        yield _Gathering(scope, block).evidence


class _Gathering:
    """The evidence of one block."""

    def __init__(self, scope: Scope, block: Block) -> None:
        order_J = np.argsort(block.key_J)
        self._key_J, self._uid_J = block.key_J[order_J], block.uid_J[order_J]
        prompts, counts = np.unique(block.prompt_J, return_counts=True)
        self.evidence = {
            prompt: Evidence(judgments=judgments)
            for prompt, judgments in zip(prompts.tolist(), counts.tolist(), strict=True)
        }
        self._carried = scope.carried
        self._weighing = Weighing(block.key_J.tolist() if scope.fits else [], scope.fits)
        self._criteria = _criteria_in(block)
        self._add_written(block)
        self._distrusted = Distrusted(block.key_J.tolist(), scope.distrusted)
        self._add_preferences(self._trusted(block.preferences, 4, is_pair=True))
        self._add_ratings(self._trusted(block.ratings, 3, is_pair=False))
        self._add_rankings(self._trusted(block.rankings, None, is_pair=True))
        self._add_steps(block.steps)

    def _add_written(self, block: Block) -> None:
        written = [*block.corrections, *block.demonstrations]
        relied = reliabilities_of(self._weighing, written, self._uid_J, self._key_J)
        for each in block.corrections:
            told = (each.judgment, each.completion, each.content, each.at)
            corrected = Corrected(*told, relied.get(each.judgment))
            self.evidence[each.prompt].corrections.append(corrected)
        for each in block.demonstrations:
            said = Written(each.judgment, each.content, each.at, relied.get(each.judgment))
            self.evidence[each.prompt].demonstrations.append(said)

    def _trusted(
        self, columns: Sequence[Ints], criterion: int | None, *, is_pair: bool
    ) -> Sequence[Ints]:
        """Without answers to questions that do not count.

        Args:
            criterion: the place of its column; None: all are overall.
        """
        if not self._distrusted:
            return columns
        asked_R = np.zeros_like(columns[1]) if criterion is None else columns[criterion]
        left_R = self._distrusted.among(columns[1], asked_R, is_pair=is_pair)
        for prompt, times in Counter(columns[0][left_R].tolist()).items():
            self.evidence[prompt].distrusted += times
        return [each[~left_R] for each in columns]

    def _add_preferences(self, columns: Sequence[Ints]) -> None:
        """A comparison has no value that a table could map: it counts where answers are kept."""
        columns = self._without_left(columns)
        prompt_R, judgment_R, one_R, two_R, criterion_R, margin_R, bad_R = columns
        turned_R = one_R > two_R
        first_R, second_R = np.where(turned_R, two_R, one_R), np.where(turned_R, one_R, two_R)
        margin_R = np.where(turned_R, -margin_R, margin_R)
        slugs = {0: OVERALL} | {key: each.slug for key, each in self._criteria.items()}
        slug_R = _coded(criterion_R, slugs)
        ballot_R = self._ballots(judgment_R, criterion_R, first_R, margin_R)
        order_R, start_G = _grouped(prompt_R, first_R, second_R, slug_R)
        if not len(order_R):
            return
        is_bad_R, margin_R = bad_R[order_R] > 0, margin_R[order_R]
        side_R = np.sign(margin_R)
        said = [*(~is_bad_R & (side_R == side) for side in (1, -1, 0)), is_bad_R]
        said.append(np.where(is_bad_R, 0, margin_R))
        sums = [np.add.reduceat(each.astype(float), start_G).tolist() for each in said]
        judgments = self._uids(judgment_R[order_R])
        ballots = [ballot_R[nth] for nth in order_R.tolist()] if ballot_R else []
        heads = [each[order_R][start_G].tolist() for each in (prompt_R, first_R, second_R)]
        names = [slugs[key] for key in criterion_R[order_R][start_G].tolist()]
        for nth, (start, end) in enumerate(_slices(start_G, len(order_R))):
            prompt, first, second = (each[nth] for each in heads)
            self.evidence[prompt].votes[Pair(first, second, names[nth])] = Votes(
                for_first=sums[0][nth],
                for_second=sums[1][nth],
                ties=sums[2][nth],
                both_bad=sums[3][nth],
                margins=sums[4][nth],
                judgments=judgments[start:end],
                ballots=[each for each in ballots[start:end] if each is not None],
            )

    def _without_left(self, columns: Sequence[Ints]) -> Sequence[Ints]:
        """Without the comparisons on a criterion whose earlier answers stay behind."""
        prompt_R, criterion_R = columns[0], columns[4]
        keep_R = np.ones(len(prompt_R), dtype=bool)
        for criterion in self._carried_among(criterion_R):
            end = self._carried[criterion]
            is_kept = end is not None and end.values is None
            of_it_R = criterion_R == criterion
            self._tally("kept" if is_kept else "left", prompt_R[of_it_R])
            keep_R &= ~of_it_R | is_kept
        return [each[keep_R] for each in columns]

    def _ballots(
        self, judgment_R: Ints, criterion_R: Ints, first_R: Ints, margin_R: Ints
    ) -> list[Ballot | None]:
        """Empty where people are not weighed."""
        if not self._weighing.is_weighed:
            return []
        told = (judgment_R, criterion_R, first_R, margin_R)
        return list(map(self._weighing.ballot, *(each.tolist() for each in told)))

    def _add_ratings(self, columns: Sequence[Ints]) -> None:
        """Each rating under the criterion where it counts, stretched onto one scale for all."""
        leans = leans_of(
            self._weighing, columns[1], columns[3], self._criteria, width=HIGHEST - LOWEST
        )
        columns = self._carried_over([*columns, np.arange(len(columns[0]))])
        prompt_R, judgment_R, completion_R, criterion_R, value_R, nth_R = columns
        alone_R = completion_R == 0
        alone = [each[alone_R] for each in columns]
        self._add_labels(alone, leans)
        graded = [key for key, each in self._criteria.items() if each.kind in BETTER_WHEN_HIGHER]
        marks_R = ~alone_R & np.isin(criterion_R, graded)
        prompt_R, judgment_R, completion_R, criterion_R, value_R, nth_R = (
            each[marks_R] for each in columns
        )
        if not len(prompt_R):
            return
        slugs = {key: self._criteria[key].slug for key in np.unique(criterion_R).tolist()}
        order_R, start_G = _grouped(prompt_R, completion_R, _coded(criterion_R, slugs))
        missing_R = (value_R == MISSING)[order_R]
        values = self._stretched(criterion_R, value_R)[order_R].tolist()
        read = [leans[nth] for nth in nth_R[order_R].tolist()] if leans else []
        if read:
            values = [
                min(HIGHEST, max(LOWEST, value - each.severity))
                for value, each in zip(values, read, strict=True)
            ]
        has_missing_G = np.logical_or.reduceat(missing_R, start_G).tolist()
        missing = missing_R.tolist()
        judgments = self._uids(judgment_R[order_R])
        heads = [each[order_R][start_G].tolist() for each in (prompt_R, completion_R)]
        ends_G = np.append(start_G[1:], len(order_R)) - 1
        last = [self._criteria[key] for key in criterion_R[order_R][ends_G].tolist()]
        for nth, (start, end) in enumerate(_slices(start_G, len(order_R))):
            given, trust = values[start:end], [each.weight for each in read[start:end]]
            if has_missing_G[nth]:
                there = [at for at in range(start, end) if not missing[at]]
                given = [values[at] for at in there]
                trust = [read[at].weight for at in there] if read else []
            self.evidence[heads[0][nth]].marks[Mark(heads[1][nth], last[nth].slug)] = Marks(
                values=given,
                missing=end - start - len(given),
                judgments=judgments[start:end],
                weight=last[nth].weight,  # of the newest version of the rubric in scope
                trust=trust,
            )

    def _carried_over(self, columns: Sequence[Ints]) -> Sequence[Ints]:
        """Ratings under an earlier version of a rubric as what they count under the newest."""
        prompt_R, judgment_R, completion_R, criterion_R, value_R, nth_R = columns
        value_R, target_R = value_R.copy(), criterion_R.copy()
        left_R = np.zeros(len(prompt_R), dtype=bool)
        for criterion in self._carried_among(criterion_R):
            end, of_it_R = self._carried[criterion], criterion_R == criterion
            if end is None:
                left_R |= of_it_R
                self._tally("left", prompt_R[of_it_R])
                continue
            self._criteria[end.criterion.pk] = end.criterion
            for value in np.unique(value_R[of_it_R]).tolist():
                those_R = of_it_R & (columns[4] == value)
                there = value if value == MISSING else end.value(value)
                if there is None:
                    left_R |= those_R
                    self._tally("left", prompt_R[those_R])
                else:
                    value_R[those_R], target_R[those_R] = there, end.criterion.pk
                    said = "kept" if end.values is None else "mapped"
                    self._tally(said, prompt_R[those_R])
        told = (prompt_R, judgment_R, completion_R, target_R, value_R, nth_R)
        return [each[~left_R] for each in told]

    def _stretched(self, criterion_R: Ints, value_R: Ints) -> NDArray[np.float64]:
        stretched_R = np.zeros(len(value_R))
        for key in np.unique(criterion_R).tolist():
            criterion, of_it_R = self._criteria[key], criterion_R == key
            share_R = (value_R[of_it_R] - criterion.low) / (criterion.high - criterion.low)
            stretched_R[of_it_R] = LOWEST + share_R * (HIGHEST - LOWEST)
        return stretched_R

    def _add_labels(self, columns: Sequence[Ints], leans: Sequence[Lean]) -> None:
        told = zip(*(each.tolist() for each in columns), self._uids(columns[1]), strict=True)
        for prompt, judgment, _, key, value, nth, uid in told:
            criterion = self._criteria[key]
            text = None if value == MISSING else criterion.words_for(value)
            label = Label(uid, criterion.slug, text)
            if leans and text is not None:
                called = called_so(self._weighing, judgment, criterion, value)
                label = label._replace(called=called, weight=leans[nth].weight)
            self.evidence[prompt].labels.append(label)

    def _add_rankings(self, columns: Sequence[Ints]) -> None:
        tiers: dict[tuple[int, int, str], list[tuple[int, int]]] = defaultdict(list)
        told = zip(*(each.tolist() for each in columns), self._uids(columns[1]), strict=True)
        for prompt, judgment, completion, tier, uid in told:
            tiers[prompt, judgment, uid].append((tier, completion))
        for (prompt, judgment, uid), ranked in tiers.items():
            evidence = self.evidence[prompt]
            for (tier, one), (other_tier, other) in combinations(ranked, 2):
                margin = other_tier - tier
                pair = Pair(min(one, other), max(one, other), OVERALL)
                margin = margin if one < other else -margin
                ballot = self._weighing.ballot(judgment, 0, pair.first, margin)
                evidence.rankings[pair].add(uid, margin=margin, ballot=ballot)
                if other_tier - tier <= 1:
                    evidence.neighbours[pair].add(uid, margin=margin, ballot=ballot)

    def _add_steps(self, columns: Sequence[Ints]) -> None:
        told = zip(*(each.tolist() for each in columns), self._uids(columns[1]), strict=True)
        for prompt, _, completion, steps, right, uid in told:
            marks = self.evidence[prompt].steps.setdefault(completion, Marks())
            marks.values.append(LOWEST + (HIGHEST - LOWEST) * right / steps)
            marks.judgments.append(uid)

    def _uids(self, key_R: Ints) -> list[str]:
        found: list[str] = self._uid_J[np.searchsorted(self._key_J, key_R)].tolist()
        return found

    def _carried_among(self, criterion_R: Ints) -> list[int]:
        if not self._carried:
            return []
        return [key for key in np.unique(criterion_R).tolist() if key in self._carried]

    def _tally(self, said: str, prompt_R: Ints) -> None:
        for prompt, times in Counter(prompt_R.tolist()).items():
            self.evidence[prompt].carried[said] += times


def _criteria_in(block: Block) -> dict[int, Criterion]:
    keys = np.union1d(block.preferences[4], block.ratings[3])
    return Criterion.objects.in_bulk(keys[keys > 0].tolist())


def _coded(key_R: Ints, slugs: Mapping[int, str]) -> Ints:
    """The slug of each key as its place among all: versions of a criterion share theirs."""
    keys, place_R = np.unique(key_R, return_inverse=True)
    names = sorted(set(slugs.values()))
    places = np.array([names.index(slugs[key]) for key in keys.tolist()], dtype=np.int64)
    return places[place_R] if len(keys) else key_R


def _grouped(*columns_R: Ints) -> tuple[Ints, Ints]:
    """An order in which equal rows stand together, in the order in which they came, and where each
    group starts.
    """
    order_R = np.lexsort(columns_R[::-1])
    if not len(order_R):
        return order_R, order_R
    ordered = [each[order_R] for each in columns_R]
    is_new_R = np.ones(len(order_R), dtype=bool)
    is_new_R[1:] = np.logical_or.reduce([each[1:] != each[:-1] for each in ordered])
    return order_R, np.flatnonzero(is_new_R)


def _slices(start_G: Ints, rows: int) -> Iterator[tuple[int, int]]:
    starts = start_G.tolist()
    return zip(starts, [*starts[1:], rows], strict=True)
