"""Whether people lean to the longer answer, or to the one that stands first. Shapes: P preferences, M models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.arrays import Lengths, Models, Preferences, Ratings
from evalhub.quality.choices import Preferred
from evalhub.quality.questions import behind
from evalhub.reports.behind import GIVEN, judgments_in
from evalhub.reports.figures import EQUAL_LENGTHS, ONE_A_PROMPT, cell, interval, number
from evalhub.reports.judged import Compared, bucketed, compared_in, wins
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.agreement import Undefined
from evalhub.stats.bias import Effects, correlation_of, pair_effects, within_sums
from evalhub.stats.slices import shares, table_of

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ORDERED = (ScaleKind.SCALE, ScaleKind.NUMBER)


def length_of_pairs(
    preferences: Preferences, written: Models, lengths: Lengths, *, beat: Beat
) -> list[dict[str, Any]]:
    """By question: how often the longer one wins, and what its length alone is worth.

    Returns:
        `longer_wins` (ties count half, pairs of equal length are `missing`; `longer` and `shorter` say in how
        many judgments that one was preferred); `effect`, in logits for each
        doubling of the number of characters, beside which models they are and which stood first; and `models`
        with their strength without (`raw`) and with that effect taken out. Intervals by prompts.
    """
    rows = []
    longer_P = _doublings(lengths, preferences.first) - _doublings(lengths, preferences.second)
    for key, asked in compared_in(preferences).items():
        beat()
        mine = preferences.criterion == key
        gap_P, won_P = longer_P[mine], wins(preferences, mine)
        bucket_P, place_P = bucketed(preferences.group[mine]), preferences.place[mine]
        differs_P = gap_P != 0
        share = None
        effect, models = None, []
        if differs_P.any():
            won_longer_P = np.where(gap_P > 0, won_P, 1 - won_P)[differs_P]
            share = _share(bucket_P[differs_P], won_longer_P)
            share |= {"missing": int((~differs_P).sum())}
            judgment_P = preferences.judgment[mine][differs_P]
            share |= _preferred(
                asked, judgment_P, won_longer_P, Preferred.LONGER, Preferred.SHORTER
            )
            one, two = written.of(preferences.first[mine]), written.of(preferences.second[mine])
            seen, at = np.unique(np.concatenate([one, two]), return_inverse=True)
            first, second, M = at[: len(one)], at[len(one) :], len(seen)
            places = [place_P.astype(float)] if place_P.any() else []
            raw = _effects(first, second, won_P, places, bucket_P, M)
            taken_out = _effects(first, second, won_P, [gap_P, *places], bucket_P, M)
            effect = _effect(taken_out, len(won_P), missing=0)
            judgment_P = preferences.judgment[mine]
            about = [
                _of_model(asked, written, each, judgment_P[(one == each) | (two == each)])
                for each in seen.tolist()
            ]
            models = _strengths(about, raw, taken_out)
        told = {"longer_wins": share, "effect": effect, "models": models}
        rows.append(_about(asked, preferences.judgment[mine]) | told)
    return rows


def length_of_scores(ratings: Ratings, lengths: Lengths, *, beat: Beat) -> list[dict[str, Any]]:
    """By criterion: the correlation of the logarithm of the length with the score among the completions
    of one prompt; `missing` are those who could not tell, `undefined` says why it has no value.
    """
    rows = []
    keys = np.unique(ratings.criterion).tolist()
    for criterion in Criterion.objects.filter(pk__in=keys, kind__in=_ORDERED).select_related(
        "version"
    ):
        beat()
        mine = (ratings.criterion == criterion.pk) & (ratings.completion > 0) & (ratings.turn < 0)
        given = mine & ~np.isnan(ratings.value)
        if not given.any():
            continue
        prompts, first, unit_R = np.unique(
            ratings.prompt[given], return_index=True, return_inverse=True
        )
        sums = within_sums(
            unit_R,
            _doublings(lengths, ratings.completion[given]),
            ratings.value[given],
            bucketed(ratings.group[given][first]),
        )
        found = correlation_of(sums, n=int(given.sum()))
        rows.append(
            {
                "question": criterion.slug,
                "rubric_version": criterion.version.number,
                **asdict(found),
                "undefined": None if found.value is not None else _why(unit_R, sums),
                "missing": int(mine.sum() - given.sum()),
                "prompts": len(prompts),
                "judgments": judgments_in(ratings.judgment[given]),
                "behind": behind(criterion.slug, is_pair=False, version=str(criterion.version.uid))
                | GIVEN,
            }
        )
    return rows


def _why(unit_R: Ints, sums_G3: Floats) -> str:
    """Why scores and length of the answers to a prompt have no correlation."""
    if np.bincount(unit_R).max(initial=0) < 2:
        return ONE_A_PROMPT
    return EQUAL_LENGTHS if sums_G3[:, 0].sum() < 1e-9 else Undefined.ONE_VALUE.value


def position(preferences: Preferences, written: Models, *, beat: Beat) -> list[dict[str, Any]]:
    """By question: how often what stands first wins, and what that place alone is worth.

    Returns:
        `first_wins` (ties count half; `missing` where nobody knows what stood first; `first` and `second` say
        in how many judgments that one was preferred) and `effect` in
        logits towards the first, beside which models they are. Intervals by leaving out people.
    """
    rows = []
    for key, asked in compared_in(preferences).items():
        beat()
        is_asked = preferences.criterion == key
        mine = is_asked & (preferences.place != 0)
        share, effect = None, None
        if mine.any():
            won_P, place_P = wins(preferences, mine), preferences.place[mine].astype(float)
            person_P = bucketed(preferences.member[mine])
            won_first_P = np.where(place_P > 0, won_P, 1 - won_P)
            share = _share(person_P, won_first_P)
            share["missing"] = int(is_asked.sum() - mine.sum())
            judgment_P = preferences.judgment[mine]
            share |= _preferred(asked, judgment_P, won_first_P, Preferred.FIRST, Preferred.SECOND)
            one, two = written.of(preferences.first[mine]), written.of(preferences.second[mine])
            seen, at = np.unique(np.concatenate([one, two]), return_inverse=True)
            first, second = at[: len(one)], at[len(one) :]
            found = _effects(first, second, won_P, [place_P], person_P, len(seen))
            effect = _effect(found, len(won_P), missing=share["missing"])
        told = {"first_wins": share, "effect": effect}
        rows.append(_about(asked, preferences.judgment[is_asked]) | told)
    return rows


def _preferred(
    asked: Compared, judgment_P: Ints, won_P: Floats, one: Preferred, other: Preferred
) -> dict[str, Any]:
    """In how many judgments each of the two was preferred, and how Browse is asked for them."""
    return {
        side.value: {
            "judgments": judgments_in(judgment_P[is_so_P]),
            "behind": asked.behind | {"preferred": side.value},
        }
        for side, is_so_P in ((one, won_P > 0.5), (other, won_P < 0.5))
    }


def _about(asked: Compared, judgment_P: Ints) -> dict[str, Any]:
    """All that was compared stands behind it, what is left out of the figure as well."""
    return {
        "question": asked.name,
        "judgments": judgments_in(judgment_P),
        "behind": asked.behind,
    }


def _doublings(lengths: Lengths, completion_R: Ints) -> Floats:
    """The logarithm to 2 of the number of characters; one more, as a tool call has none."""
    doublings_R: Floats = np.log2(1.0 + lengths.of(completion_R))
    return doublings_R


def _share(bucket_P: Ints, won_P: Floats) -> dict[str, Any]:
    bucket_P = np.unique(bucket_P, return_inverse=True)[1]
    cell_P = np.zeros(len(won_P), dtype=np.int64)
    shape = (int(bucket_P.max()) + 1, 1)
    sums, counts = (table_of(bucket_P, cell_P, each, shape=shape) for each in (won_P, None))
    return {**cell(shares(sums, counts), 0), "n": len(won_P)}


def _effects(
    first_P: Ints, second_P: Ints, won_P: Floats, causes: list[Floats], bucket_P: Ints, models: int
) -> Effects:
    causes_PK = np.column_stack(causes) if causes else np.zeros((len(won_P), 0))
    return pair_effects(first_P, second_P, won_P, causes_PK, bucket_P, models=models)


def _effect(found: Effects, n: int, *, missing: int) -> dict[str, Any]:
    """Of the first cause."""
    told: dict[str, Any] = interval(found.effect_K[0], found.low_K[0], found.high_K[0])
    return told | {
        "n": n,
        "missing": missing,
        "groups": found.groups,
        "p": number(found.p_K[0]),
        "corrected": None,
    }


def _of_model(asked: Compared, written: Models, at: int, judgment_P: Ints) -> dict[str, Any]:
    """The model at a place among the campaign's, and in how many judgments it is one of the two; what a person
    wrote is no model: empty.
    """
    if at < 0:
        return {}
    return {
        "model": written.names[at],
        "judgments": judgments_in(judgment_P),
        "behind": asked.behind | {"model": written.uids[at]},
    }


def _strengths(
    about: list[dict[str, Any]], raw: Effects, taken_out: Effects
) -> list[dict[str, Any]]:
    """The strongest first; what is no model is left out."""
    sides = [
        (each.strength_M, each.strength_low_M, each.strength_high_M) for each in (raw, taken_out)
    ]
    return [
        {
            **about[at],
            "raw": interval(*(part_M[at] for part_M in sides[0])),
            "adjusted": interval(*(part_M[at] for part_M in sides[1])),
        }
        for at in np.argsort(-taken_out.strength_M, kind="stable").tolist()
        if about[at]
    ]
