"""How far each person can be relied on, by what they were measured with: a report of plain values.

Nothing here decides about anybody: it is for a lead to read, beside the judgments behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from math import exp
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.gold.models import GoldVerdict
from evalhub.gold.queries import passed_in
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import Preferences
from evalhub.quality.choices import Counts
from evalhub.quality.haste import WORDS_A_SECOND, hasty_in
from evalhub.quality.questions import places
from evalhub.quality.repeated import Repeated, cannot_tell_in, repeated_in
from evalhub.reports.behind import behind_report
from evalhub.reports.figures import FEW_ANSWERS, number
from evalhub.reports.read import Read
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.agreement import Undefined
from evalhub.stats.kappas import kappa, quadratic_weights
from evalhub.stats.proportions import Z, score_interval, wilson
from evalhub.stats.reliability import strengths

Beat = Callable[[], object]
Ints = NDArray[np.int64]

ENOUGH = 10  # answers given twice, for a kappa
NAMED = 20  # judgments behind a figure, the newest
OVERALL = "overall"


def consistency_report(read: Read, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Person by person: gold passed, repeats answered alike, the pull of the first place, haste.

    A pair, or two of a ranking, that was shown the other way round the second time tells of the place and
    not how steady somebody is: it counts to `swapped` and `position`, every other repeat to `repeats`.

    Returns:
        `people`, each with `annotator`, `member` (its uid), `judgments`, and, None where there is
        nothing to tell: `gold` (`part` of `n` with its interval), `repeats` (the same with `missing`, with kappa
        by question, and `changed`, in how many judgments), `swapped` (see `_swapped`), `position` (see `_positions`), `hasty`.
        `behind` each names up to 20 judgments: that failed, that changed, that were hasty; all of them are what Browse
        finds by the mark `gold_failed`, `changed`, `moved` or `hasty`. Intervals are 95 %.
    """
    campaign = read.campaign
    rows = Judgment.objects.filter(campaign=campaign).own_words().order_by().values_list("member")
    counts = dict(rows.annotate(Count("pk")))
    beat()
    twice = repeated_in(campaign)
    gold, repeats, swapped = _gold(campaign), _repeats(campaign, twice), _swapped(twice)
    beat()
    positions, haste = _positions(read.preferences, twice, beat), _haste(campaign, counts)
    people = Member.objects.filter(pk__in=counts).order_by("pseudonym", "pk")
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.OWN),
        "words_a_second": WORDS_A_SECOND,
        "people": [
            {
                "annotator": member.pseudonym,
                "member": str(member.uid),
                "judgments": counts[member.pk],
                "behind": {"member": str(member.uid)},
                "gold": gold.get(member.pk),
                "repeats": repeats.get(member.pk),
                "swapped": swapped.get(member.pk),
                "position": positions.get(member.pk),
                "hasty": haste.get(member.pk),
            }
            for member in people
        ],
    }


def _gold(campaign: Campaign) -> dict[int, dict[str, Any]]:
    verdicts = GoldVerdict.objects.standing().filter(campaign=campaign, passed=False)
    failed: dict[int, list[int]] = defaultdict(list)
    for member, judgment in verdicts.order_by("-pk").values_list("member", "judgment"):
        failed[member].append(judgment)
    return {
        member: asdict(share) | {"behind": _named(failed[member])}
        for member, share in passed_in(campaign).items()
    }


def _repeats(campaign: Campaign, twice: Repeated) -> dict[int, dict[str, Any]]:
    asked, missing = _asked(twice.question_R), cannot_tell_in(campaign)
    found = {}
    steady_R = ~twice.swapped
    for member in np.unique(twice.member_R[steady_R]).tolist():
        mine_R = steady_R & (twice.member_R == member)
        same_R = twice.before_R[mine_R] == twice.after_R[mine_R]
        changed = np.unique(twice.second_R[mine_R][~same_R])[::-1].tolist()
        questions = [
            _question(question, twice, mine_R & (twice.question_R == key))
            for key, question in asked.items()
            if (mine_R & (twice.question_R == key)).any()
        ]
        share = wilson(int(same_R.sum()), int(mine_R.sum()))
        found[member] = asdict(share) | {
            "missing": missing.get(member, 0),
            "questions": questions,
            "changed": len(changed),
            "behind": _named(changed),
        }
    return found


def _swapped(twice: Repeated) -> dict[int, dict[str, Any]]:
    """Of pairs that were shown once either way round, overall: what stood first, each time alike or not.

    Whatever the answers are worth, each stood first once, so `value`, the share of what stood first,
    is 0.5 without a pull; a tie counts half. Of a ranking each two are a pair, and the mean of all is what
    it says. Wilson's interval takes each repeat for one yes or no, which varies more than such a mean does: it
    is at least as wide as it need be.

    Returns:
        by person `n` pairs and of these `first` and `second` (preferred both times what stood there), `alike` (the
        same answer, or a tie, both times), `value` with its interval, and `moved`, in how many judgments it was not alike.
    """
    mine_R = twice.swapped & (twice.question_R == 0)
    before_R = _towards_first(twice.before_R, twice.place_before_R)
    after_R = _towards_first(twice.after_R, twice.place_after_R)
    found = {}
    for member in np.unique(twice.member_R[mine_R]).tolist():
        chosen_R = mine_R & (twice.member_R == member)
        before, after = before_R[chosen_R], after_R[chosen_R]
        repeats, repeat_R = np.unique(twice.second_R[chosen_R], return_inverse=True)
        mean = float((np.bincount(repeat_R, before + after) / np.bincount(repeat_R)).mean() / 2)
        low, high = score_interval(mean, len(repeats))
        moved = np.unique(twice.second_R[chosen_R][before + after != 1])[::-1].tolist()
        found[member] = {
            "n": len(before),
            "first": int(((before == 1) & (after == 1)).sum()),
            "second": int(((before == 0) & (after == 0)).sum()),
            "alike": int((before + after == 1).sum()),
            "value": mean,
            "low": low,
            "high": high,
            "moved": len(moved),
            "behind": _named(moved),
        }
    return found


def _towards_first(value_R: Ints, place_R: Ints) -> NDArray[np.float64]:
    """1 where what stood first was preferred, 0 where the other was, one half for a tie or "both bad"."""
    side_R = np.where(value_R == 2, 0, value_R) * place_R
    towards_R: NDArray[np.float64] = (1 + side_R) / 2
    return towards_R


class Asked(NamedTuple):
    name: str
    is_ordered: bool  # whether one answer can be nearer than another


def _asked(question_R: Ints) -> dict[int, Asked]:
    """The questions by their number, see `Repeated`."""
    keys = np.unique(question_R).tolist()
    criteria = Criterion.objects.in_bulk([abs(key) for key in keys])
    found = {0: Asked(OVERALL, is_ordered=False)}
    for key in keys:
        if key:
            criterion = criteria[abs(key)]
            by_points = criterion.kind in (ScaleKind.SCALE, ScaleKind.NUMBER)
            found[key] = Asked(criterion.slug, is_ordered=key > 0 and by_points)
    return found


def _question(asked: Asked, twice: Repeated, chosen_R: NDArray[np.bool_]) -> dict[str, Any]:
    """Cohen's kappa of the first word against the second; with quadratic weights by points.

    Below ENOUGH answers it has no value, as its error is that of many; `undefined` says so, or that every answer
    was the same.
    """
    before_R, after_R = twice.before_R[chosen_R], twice.after_R[chosen_R]
    values, codes = np.unique(np.concatenate([before_R, after_R]), return_inverse=True)
    n, V = len(before_R), len(values)
    table = np.bincount(codes[:n] * V + codes[n:], minlength=V * V).reshape(1, V, V).astype(float)
    weights_VV = quadratic_weights(values.astype(float)) if asked.is_ordered else np.eye(V)
    value_P, error_P = kappa(table, weights_VV)
    value, reach = (value_P[0] if n >= ENOUGH else np.nan), Z * error_P[0]
    undefined = None
    if not np.isfinite(value):
        undefined = FEW_ANSWERS if n < ENOUGH else Undefined.ONE_VALUE.value
    return {
        "question": asked.name,
        "undefined": undefined,
        "n": n,
        "same": int((before_R == after_R).sum()),
        "kappa": number(value),
        "low": number(np.clip(value - reach, -1, 1)),
        "high": number(np.clip(value + reach, -1, 1)),
    }


def _positions(given: Preferences, twice: Repeated, beat: Beat) -> dict[int, dict[str, Any]]:
    """How often each would prefer what stands first, of two that are equally good: 0.5 is no pull.

    From the overall preferences whose order is known, and those of repeats that stood the other way
    round, by `strengths`; `logits` is its term with its standard `error`. Few answers leave it near 0.5, as
    the prior has a standard deviation of ½. `missing`: preferences of which nobody knows what stood first.
    """
    known_R = (given.criterion == 0) & (given.place != 0)
    again_R = (
        twice.swapped & (twice.question_R == 0) & (twice.one_R > 0)
    )  # rankings have no first place
    first = np.concatenate([given.first[known_R], twice.one_R[again_R]])
    second = np.concatenate([given.second[known_R], twice.other_R[again_R]])
    if not len(first):
        return {}
    side_R = np.where(twice.after_R == 2, 0, twice.after_R)[again_R]
    side = np.concatenate([np.sign(given.margin[known_R]), side_R])
    place = np.concatenate([given.place[known_R], twice.place_after_R[again_R]])
    turned = np.where(first > second, -1, 1)  # the lower key first, as of all preferences
    unit = places(np.minimum(first, second), np.maximum(first, second))
    member = np.concatenate([given.member[known_R], twice.member_R[again_R]])
    members, rater_R, n_A = np.unique(member, return_inverse=True, return_counts=True)
    unknown = given.member[(given.criterion == 0) & (given.place == 0)]
    fit = strengths(
        unit,
        rater_R,
        (side * turned + 1) / 2,
        (place * turned).astype(float),
        units=int(unit.max()) + 1,
        raters=len(members),
        beat=beat,
    )
    return {
        int(key): {
            "value": _share_at(logits),
            "low": _share_at(logits - Z * error),
            "high": _share_at(logits + Z * error),
            "logits": float(logits),
            "error": float(error),
            "n": int(n),
            "missing": int((unknown == key).sum()),
        }
        for key, logits, error, n in zip(
            members, fit.position_A, fit.position_error_A, n_A, strict=True
        )
    }


def _haste(campaign: Campaign, counts: Mapping[int, int]) -> dict[int, dict[str, Any]]:
    """`missing`: their judgments whose time nobody knows, or that are a second word."""
    return {
        member: asdict(wilson(len(found.hasty), found.timed))
        | {
            "missing": max(0, counts.get(member, 0) - found.timed),
            "behind": _named(found.hasty),
        }
        for member, found in hasty_in(campaign).items()
    }


def _named(judgments: Sequence[int]) -> list[str]:
    """The uids of the first of them, in the same order."""
    keys = judgments[:NAMED]
    uids = dict(Judgment.objects.filter(pk__in=keys).values_list("pk", "uid"))
    return [str(uids[key]) for key in keys]


def _share_at(logits: float) -> float:
    return 1 / (1 + exp(-logits))
