"""How far each person's answers can be relied on, and what all say together: a report of plain values.

Shapes: R answers, U units, A people in the order of their keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.accounts.models import Member
from evalhub.quality.choices import Counts
from evalhub.quality.fits import Consensus, Model, consensus_of, fit_of, model_of
from evalhub.quality.plain import unlike_plain
from evalhub.quality.questions import Asked
from evalhub.reports.against_gold import Experts, against_gold, experts_in
from evalhub.reports.behind import GIVEN, behind_report, first_of_each, judgments_in
from evalhub.reports.figures import interval
from evalhub.reports.read import Read
from evalhub.stats.agreement import coded
from evalhub.stats.by_level import disagreement_by, figure_of, sums_of
from evalhub.stats.careless import OwnAgreement, careless, own_agreement
from evalhub.stats.proportions import Z, wilson
from evalhub.stats.reliability import Choices, Preferences, Ratings, chance_right

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SURE = 0.95


def reliability_report(read: Read, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Every question with its model, its people and its consensus.

    Returns:
        `questions`: each with `model` (`strengths` of Bradley and Terry for pairs, `scores` with severity
        and spread for scales, `choices` of Dawid and Skene), `people` (see `_people`; all intervals
        are 95 %), `consensus` (see `_told`), `gold` (see `against_gold`), `careless` (how many people), and how many answers there are and are missing.
    """
    questions = []
    experts = experts_in(read.campaign)
    for asked in read.unprompted():
        beat()
        given = asked.given()
        missing = len(asked.value_R) - len(given.value_R)
        if len(given.value_R):
            questions.append(_question(given, missing, experts, beat))
    return {
        "campaign": str(read.campaign.uid),
        "behind": behind_report(read.campaign, Counts.UNPROMPTED),
        "questions": questions,
    }


def _question(asked: Asked, missing: int, experts: Experts, beat: Beat) -> dict[str, Any]:
    model = model_of(asked, beat=beat)
    fit = fit_of(asked, model)
    consensus = consensus_of(asked, fit)
    members, rater_R = np.unique(asked.member_R, return_inverse=True)
    own, everybody = _agreement(asked, rater_R, len(members))
    careless_A = careless(own, everybody)
    told: dict[str, Any] = {
        "question": asked.name,
        "rubric_version": asked.version,
        "model": fit["model"],
        "is_settled": fit["is_settled"],
        "answers": len(asked.value_R),
        "missing": missing,
        "judgments": judgments_in(asked.judgment_R),
        "behind": asked.behind | GIVEN,
        "consensus": _told(asked, consensus),
        "gold": against_gold(asked, consensus, experts),
        "people": _people(asked, model, members, rater_R, own, careless_A),
        "careless": int(careless_A.sum()),
    }
    if isinstance(model, Choices):
        values = np.unique(asked.value_R).tolist()
        told["priors"] = dict(zip(map(_plain, values), model.priors_V.tolist(), strict=True))
    return told


def _told(asked: Asked, consensus: Consensus) -> dict[str, Any]:
    """What was judged by two people or more: how many, how often they differ, how sure the consensus is
    (None for numbers), and in how many of them it is another answer than the plain majority or mean, as a number and as a share (`unlike`).
    """
    count_U = np.bincount(asked.unit_R)
    met_U = count_U > 1
    n = int(met_U.sum())
    sure_U = consensus.probability_U[met_U]
    unlike = int((unlike_plain(asked, consensus.answer_U) & met_U).sum())
    has_chance = bool(n) and not np.isnan(sure_U).any()
    return {
        "units": len(count_U),
        "units_of_two": n,
        "disputed": int(consensus.is_disputed_U.sum()),
        "mean_probability": float(sure_U.mean()) if has_chance else None,
        "sure": asdict(wilson(int((sure_U >= SURE).sum()), n)) if has_chance else None,
        "unlike_the_majority": unlike,
        "unlike": asdict(wilson(unlike, n)),
    }


def _people(
    asked: Asked,
    model: Model,
    members: Ints,
    rater_R: Ints,
    own: OwnAgreement,
    careless_A: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """By name: `member` (their uid), `answers`, in how many `judgments`, `agreement` (their own alpha), `is_careless` (surely below half of everybody's:
    see `evalhub.stats.careless`), and what the model says of them: `strength` and `position`, or
    `severity` and `spread`, or `accuracy` by what the others said.
    """
    known = Member.objects.in_bulk(members.tolist())
    figures = _figures(asked, model, rater_R, len(members))
    is_first_R = first_of_each(asked.judgment_R)
    answers_A, judgments_A = (
        np.bincount(each, minlength=len(members)) for each in (rater_R, rater_R[is_first_R])
    )
    rows = [
        {
            "annotator": known[pk].pseudonym,
            "member": str(known[pk].uid),
            "answers": int(answers_A[at]),
            "judgments": int(judgments_A[at]),
            "behind": asked.behind | GIVEN | {"member": str(known[pk].uid)},
            "agreement": interval(own.alpha_A[at], own.low_A[at], own.high_A[at]),
            "compared": int(own.n_A[at]),
            "is_careless": bool(careless_A[at]),
            **{
                name: interval(value_A[at], low_A[at], high_A[at])
                for name, (value_A, low_A, high_A) in figures.items()
            },
        }
        for at, pk in enumerate(members.tolist())
    ]
    return sorted(rows, key=lambda row: row["annotator"])


Figures = dict[str, tuple[Floats, Floats, Floats]]  # value, low and high, shape (A,)


def _figures(asked: Asked, model: Model, rater_R: Ints, raters: int) -> Figures:
    if isinstance(model, Preferences):
        return {
            "strength": _around(model.strength_A, model.strength_error_A),
            "position": _around(model.position_A, model.position_error_A),
        }
    if isinstance(model, Ratings):
        n_A = np.maximum(np.bincount(rater_R, minlength=raters), 1)
        return {
            "severity": _around(model.severity_A, model.severity_error_A),
            "spread": _around(model.spread_A, model.spread_A / np.sqrt(2 * n_A)),
        }
    code_R = np.unique(asked.value_R, return_inverse=True)[1]
    right_R = chance_right(
        asked.unit_R,
        rater_R,
        code_R,
        truth_UV=model.truth_UV,
        confusion_AVV=model.confusion_AVV,
    )
    met_R = np.bincount(asked.unit_R)[asked.unit_R] > 1
    off = own_agreement(np.where(met_R, 1 - right_R, np.nan), rater_R, raters)
    return {"accuracy": (off.alpha_A, np.maximum(off.low_A, 0), np.minimum(off.high_A, 1))}


def _around(value_A: Floats, error_A: Floats) -> tuple[Floats, Floats, Floats]:
    return value_A, value_A - Z * error_A, value_A + Z * error_A


def _agreement(asked: Asked, rater_R: Ints, raters: int) -> tuple[OwnAgreement, float]:
    """Each person's own alpha, and everybody's."""
    answers = coded(asked.unit_R, rater_R, asked.value_R)
    sums_1K = sums_of(answers, asked.level).sum(axis=0, keepdims=True)
    everybody = figure_of(answers.values_V, asked.level)(sums_1K)
    apart = disagreement_by(answers, asked.level)
    return own_agreement(apart.of_answer_R, answers.rater_R, raters), float(everybody[0])


def _plain(value: float) -> str:
    return f"{value:g}"
