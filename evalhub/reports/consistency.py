"""How far each person can be relied on, by what they were measured with: a report of plain values.

Nothing here decides about anybody: it is for a lead to read, beside the judgments behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
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
from evalhub.quality.arrays import preferences_of
from evalhub.quality.choices import Counts
from evalhub.quality.questions import places
from evalhub.reports.behind import behind_report
from evalhub.reports.figures import number
from evalhub.reports.haste import WORDS_A_SECOND, hasty_in
from evalhub.reports.repeated import Repeated, repeated_in
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.kappas import kappa, quadratic_weights
from evalhub.stats.proportions import Z, wilson
from evalhub.stats.reliability import strengths

Beat = Callable[[], object]
Ints = NDArray[np.int64]

ENOUGH = 10  # answers given twice, for a kappa
NAMED = 20  # judgments behind a figure, the newest
OVERALL = "overall"


def consistency_report(campaign: Campaign, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Person by person: gold passed, repeats answered alike, the pull of the first place, haste.

    Returns:
        `people`, each with `annotator`, `member` (its uid), `judgments`, and, None where there is
        nothing to tell: `gold` (`part` of `n` with its interval), `repeats` (the same, and with kappa
        by question), `position` (see `_positions`), `hasty`. `behind` each names up to 20 judgments:
        that failed, that changed, that were hasty. Intervals are 95 %.
    """
    rows = Judgment.objects.filter(campaign=campaign).own_words().order_by().values_list("member")
    counts = dict(rows.annotate(Count("pk")))
    beat()
    gold, repeats = _gold(campaign), _repeats(repeated_in(campaign))
    beat()
    positions, haste = _positions(campaign, beat), _haste(campaign)
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


def _repeats(twice: Repeated) -> dict[int, dict[str, Any]]:
    asked = _asked(twice.question_R)
    found = {}
    for member in np.unique(twice.member_R).tolist():
        mine_R = twice.member_R == member
        same_R = twice.before_R[mine_R] == twice.after_R[mine_R]
        changed = np.unique(twice.second_R[mine_R][~same_R])[::-1].tolist()
        questions = [
            _question(question, twice, mine_R & (twice.question_R == key))
            for key, question in asked.items()
            if (mine_R & (twice.question_R == key)).any()
        ]
        share = wilson(int(same_R.sum()), int(mine_R.sum()))
        found[member] = asdict(share) | {"questions": questions, "behind": _named(changed)}
    return found


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

    Below ENOUGH answers it has no value: its error is that of many.
    """
    before_R, after_R = twice.before_R[chosen_R], twice.after_R[chosen_R]
    values, codes = np.unique(np.concatenate([before_R, after_R]), return_inverse=True)
    n, V = len(before_R), len(values)
    table = np.bincount(codes[:n] * V + codes[n:], minlength=V * V).reshape(1, V, V).astype(float)
    weights_VV = quadratic_weights(values.astype(float)) if asked.is_ordered else np.eye(V)
    value_P, error_P = kappa(table, weights_VV)
    value, reach = (value_P[0] if n >= ENOUGH else np.nan), Z * error_P[0]
    return {
        "question": asked.name,
        "n": n,
        "same": int((before_R == after_R).sum()),
        "kappa": number(value),
        "low": number(np.clip(value - reach, -1, 1)),
        "high": number(np.clip(value + reach, -1, 1)),
    }


def _positions(campaign: Campaign, beat: Beat) -> dict[int, dict[str, Any]]:
    """How often each would prefer what stands first, of two that are equally good: 0.5 is no pull.

    From the overall preferences whose order is known, by `strengths`; `logits` is its term with its
    standard `error`. Few answers leave it near 0.5, as the prior has a standard deviation of ½.
    """
    given = preferences_of(campaign)
    mine_R = (given.criterion == 0) & (given.place != 0)
    if not mine_R.any():
        return {}
    unit_R = places(given.first[mine_R], given.second[mine_R])
    members, rater_R, n_A = np.unique(given.member[mine_R], return_inverse=True, return_counts=True)
    fit = strengths(
        unit_R,
        rater_R,
        (np.sign(given.margin[mine_R]) + 1) / 2,
        given.place[mine_R].astype(float),
        units=int(unit_R.max()) + 1,
        raters=len(members),
        beat=beat,
    )
    return {
        int(member): {
            "value": _share_at(logits),
            "low": _share_at(logits - Z * error),
            "high": _share_at(logits + Z * error),
            "logits": float(logits),
            "error": float(error),
            "n": int(n),
        }
        for member, logits, error, n in zip(
            members, fit.position_A, fit.position_error_A, n_A, strict=True
        )
    }


def _haste(campaign: Campaign) -> dict[int, dict[str, Any]]:
    return {
        member: {"part": len(found.hasty), "n": found.timed, "behind": _named(found.hasty)}
        for member, found in hasty_in(campaign).items()
    }


def _named(judgments: Sequence[int]) -> list[str]:
    """The uids of the first of them, in the same order."""
    keys = judgments[:NAMED]
    uids = dict(Judgment.objects.filter(pk__in=keys).values_list("pk", "uid"))
    return [str(uids[key]) for key in keys]


def _share_at(logits: float) -> float:
    return 1 / (1 + exp(-logits))
