"""Models of people's answers as plain values, and what they make of answers. Shapes: R answers, U units.

A fit is JSON, so that it can be kept: whoever has it and the answers gets the same consensus, on any
machine. Which model: `strengths` for pairs, `scores` for scales and numbers, `choices` for the rest.
Raters that a fit does not know are taken for average ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.figures import MOST_WEIGHT
from evalhub.quality.questions import Asked
from evalhub.stats.agreement import Level
from evalhub.stats.reliability import (
    Choices,
    Preferences,
    Ratings,
    chances,
    dawid_skene,
    scores,
    severity_and_spread,
    strengths,
    truths,
)

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Fit = Mapping[str, Any]  # JSON

PLACES = 6  # decimals that are kept, so that rounding is no matter of the machine
NEAR = 1  # points of a scale that still agree


@dataclass(frozen=True)
class Consensus:
    """What the answers to each unit say together."""

    answer_U: Floats  # a value; of a pair 1 the first, -1 the second, 0 neither; a score of a scale
    probability_U: Floats  # that it is so: of a scale, within half a point; NaN for numbers
    error_U: Floats  # standard deviation of a score; NaN else
    is_disputed_U: NDArray[np.bool_]  # people said different things


Model = Preferences | Ratings | Choices


def model_of(asked: Asked, *, beat: Beat = lambda: None) -> Model:
    """Fit the model of the question to its answers, which must all have a value.

    Raters stand in the order of their keys; the values of choices in theirs.
    """
    members, rater_R = np.unique(asked.member_R, return_inverse=True)
    units, raters = _units(asked), len(members)
    if asked.is_pair:
        win_R, place_R = _wins(asked.value_R), asked.place_R.astype(float)
        return strengths(
            asked.unit_R, rater_R, win_R, place_R, units=units, raters=raters, beat=beat
        )
    if asked.level is not Level.NOMINAL:
        return severity_and_spread(
            asked.unit_R, rater_R, asked.value_R, units=units, raters=raters, beat=beat
        )
    values, code_R = np.unique(asked.value_R, return_inverse=True)
    return dawid_skene(
        asked.unit_R, rater_R, code_R, units=units, raters=raters, values=len(values), beat=beat
    )


def fit_of(asked: Asked, model: Model) -> dict[str, Any]:
    """The model as it is kept."""
    members, rater_R = np.unique(asked.member_R, return_inverse=True)
    if isinstance(model, Preferences):
        rows = np.stack([model.strength_A, model.position_A], axis=1)
        told = {"model": "strengths", "spread": _rounded(model.spread)}
    elif isinstance(model, Ratings):
        rows = np.stack([model.severity_A, model.spread_A], axis=1)
        told = {name: _rounded(getattr(model, name)) for name in ("mean", "width", "noise")}
        told["model"] = "scores"
    else:
        rows = model.confusion_AVV
        said_A = np.bincount(rater_R, minlength=len(members)).astype(float)
        pooled_VV = np.einsum("a,avw->vw", said_A / max(said_A.sum(), 1.0), rows)
        told = {
            "model": "choices",
            "values": np.unique(asked.value_R).tolist(),
            "priors": _rounded(model.priors_V),
            "pooled": _rounded(pooled_VV),
        }
    return told | {"raters": _by_member(members, rows), "is_settled": model.is_settled}


def knows(fit: Fit, asked: Asked) -> bool:
    """Whether the fit can tell what each answer means: a choice may have come that it never saw."""
    return fit["model"] != "choices" or bool(np.isin(asked.value_R, fit["values"]).all())


def consensus_of(asked: Asked, fit: Fit) -> Consensus:
    """What the answers say by a fit, which may be older than they are."""
    units = _units(asked)
    is_disputed_U = _range(asked, units) > (NEAR if asked.level is Level.ORDINAL else 0)
    nothing_U = np.full(units, np.nan)
    if fit["model"] == "strengths":
        first_U = first_is_better(
            asked.unit_R, asked.member_R, _wins(asked.value_R), asked.place_R, units, fit
        )
        answer_U, sure_U = np.sign(first_U - 0.5), np.maximum(first_U, 1 - first_U)
        return Consensus(answer_U, sure_U, nothing_U, is_disputed_U)
    members, rater_R = np.unique(asked.member_R, return_inverse=True)
    if fit["model"] == "scores":
        severity_A, spread_A = _rows(fit, members, [0.0, fit["noise"]]).T
        spread_A = np.maximum(spread_A, fit["noise"] / sqrt(MOST_WEIGHT))  # as builds weigh them
        score_U, error_U = scores(
            asked.unit_R,
            rater_R,
            asked.value_R,
            units=units,
            mean=fit["mean"],
            width=fit["width"],
            severity_A=severity_A,
            spread_A=spread_A,
        )
        is_scale = asked.level is Level.ORDINAL
        sure_U = _within_half(score_U, error_U) if is_scale else nothing_U
        return Consensus(score_U, sure_U, error_U, is_disputed_U)
    values_V = np.array(fit["values"])
    truth_UV = truths(
        asked.unit_R,
        rater_R,
        np.searchsorted(values_V, asked.value_R),
        units=units,
        priors_V=np.array(fit["priors"]),
        confusion_AVV=_rows(fit, members, fit["pooled"]),
    )
    answer_U = values_V[truth_UV.argmax(axis=1)]
    return Consensus(answer_U, truth_UV.max(axis=1), nothing_U, is_disputed_U)


def first_is_better(
    unit_R: Ints, member_R: Ints, win_R: Floats, place_R: Ints, units: int, fit: Fit
) -> Floats:
    """P(the first of each pair is the better one), shape (U,), by a fit of `strengths`."""
    members, rater_R = np.unique(member_R, return_inverse=True)
    strength_A, position_A = _rows(fit, members, [1.0, 0.0]).T
    return chances(
        unit_R,
        rater_R,
        win_R,
        place_R.astype(float),
        units=units,
        spread=fit["spread"],
        strength_A=strength_A,
        position_A=position_A,
    )


def _rows(fit: Fit, members: Ints, unknown: Any) -> Floats:  # Any: nested lists of numbers
    raters = fit["raters"]
    rows: Floats = np.array([raters.get(str(each), unknown) for each in members.tolist()])
    return rows if len(members) else np.zeros((0, *np.shape(unknown)))


def _by_member(members: Ints, rows: Floats) -> dict[str, Any]:
    return dict(zip(map(str, members.tolist()), _rounded(rows), strict=True))


def _rounded(values: float | Floats) -> Any:  # nested lists of numbers
    return np.round(values, PLACES).tolist()


def _wins(value_R: Floats) -> Floats:
    """Whoever finds both equal, or both bad, gives each half a vote."""
    return np.where(value_R == 1, 1.0, np.where(value_R == -1, 0.0, 0.5))


def _units(asked: Asked) -> int:
    return int(asked.unit_R.max(initial=-1)) + 1


def _range(asked: Asked, units: int) -> Floats:
    """From the least to the greatest value of each unit."""
    least_U: Floats = np.full(units, np.inf)
    most_U: Floats = np.full(units, -np.inf)
    np.minimum.at(least_U, asked.unit_R, asked.value_R)
    np.maximum.at(most_U, asked.unit_R, asked.value_R)
    range_U: Floats = most_U - least_U
    return range_U


def _within_half(score_U: Floats, error_U: Floats) -> Floats:
    """P(the true score rounds to the point that the consensus rounds to). No scipy: pages use this."""
    point_U = np.floor(score_U + 0.5)
    above_U = (point_U + 0.5 - score_U) / error_U
    below_U = (point_U - 0.5 - score_U) / error_U
    return _normal(above_U) - _normal(below_U)


def _normal(x_U: Floats) -> Floats:
    found: Floats = np.array([(1 + erf(x / sqrt(2))) / 2 for x in x_U.tolist()])
    return found
