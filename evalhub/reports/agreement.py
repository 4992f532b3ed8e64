"""How far people agree, per question of a campaign: a report of plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.quality.arrays import said_in, unprompted_in
from evalhub.quality.questions import Asked, places, questions_of
from evalhub.reports.figures import number
from evalhub.stats.agreement import (
    Coded,
    Level,
    alpha,
    alpha_of,
    coded,
    coincidences,
    disagreement,
    interval_alpha,
    interval_disagreement,
    moments,
    percent,
    verdict,
    why_undefined,
)
from evalhub.stats.careless import own_agreement
from evalhub.stats.intervals import Estimate, buckets, estimate_of_sums
from evalhub.stats.kappas import fleiss_kappa, kappa, pairs_of, quadratic_weights

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WORST = 5  # tasks that are named
FEW = 50  # values that tables are made of
PAIRS = 200  # of people, those that met most often


def agreement_report(campaign: Campaign, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Every question of the campaign with its agreement, and people by how they agree with others.

    Returns:
        `questions`: see `_question`. Intervals are 95 %, by drawing groups of prompts.
        `proposed`: judgments that are left out, as whoever made them saw a proposal.
    """
    questions = []
    for asked in questions_of(campaign, said=unprompted_in(campaign)):
        beat()
        questions.append(_question(asked, beat))
    proposed = said_in(campaign).filter(saw_proposal=True).count()
    return {"campaign": str(campaign.uid), "questions": questions, "proposed": proposed}


def _question(asked: Asked, beat: Beat) -> dict[str, Any]:
    """`alpha` with its interval, `undefined` (why it has no value), `verdict`, and what is behind it:
    `worst` tasks, `people` (their own alpha), and `by_table`, see `_by_table`.
    """
    given_R = ~np.isnan(asked.value_R)
    answers = coded(asked.unit_R, asked.member_R, asked.value_R)
    of_unit_U = np.zeros(answers.units, dtype=np.int64)
    of_unit_U[answers.unit_R] = asked.group_R[given_R]
    group_U = places(of_unit_U)
    bucket_U = buckets(int(group_U.max(initial=-1)) + 1)[group_U]
    met_U = np.bincount(answers.unit_R, minlength=answers.units) > 1
    is_interval = asked.level is Level.INTERVAL
    apart = interval_disagreement(answers) if is_interval else disagreement(answers, asked.level)
    members = np.unique(asked.member_R[given_R])
    names = dict(Member.objects.filter(pk__in=members.tolist()).values_list("pk", "pseudonym"))
    people = [names[pk] for pk in members]
    task_U = np.zeros(answers.units, dtype=np.int64)
    task_U[answers.unit_R] = asked.task_R[given_R]
    if is_interval:
        values_R = answers.values_V[answers.code_R]
        sums = moments(answers.unit_R, values_R, answers.units, bucket_U)
        figure: Callable[[Floats], Floats] = interval_alpha
    else:
        sums = coincidences(answers.counts(), bucket_U)
        figure = alpha_of(answers.values_V, asked.level)
    found = estimate_of_sums(sums, figure, n=int(met_U[answers.unit_R].sum()), beat=beat)
    why = why_undefined(answers)
    return {
        "question": asked.name,
        "rubric_version": asked.version,
        "level": asked.level.value,
        "alpha": asdict(found),
        "undefined": why.value if why else None,
        "verdict": verdict(found.low, found.high),
        "answers": int(given_R.sum()),
        "missing": int((~given_R).sum()),
        "units": answers.units,
        "units_of_two": int(met_U.sum()),
        "worst": _worst(apart.of_unit_U, task_U),
        "people": _people(apart.of_answer_R, answers.rater_R, people),
        **_by_table(answers, bucket_U, found.n, people, beat),
    }


def _by_table(
    answers: Coded, bucket_U: Ints, n: int, people: list[str], beat: Beat
) -> dict[str, Any]:
    """`percent`, `alphas` at each level, `fleiss`, and `pairs` with their kappas.

    They go by which values met, so they are None and empty for numbers of more than FEW values.
    """
    if len(answers.values_V) > FEW:
        nothing = asdict(Estimate(None, None, None, n))
        return {"percent": nothing, "alphas": {}, "fleiss": None, "pairs": []}
    counts_UV = answers.counts()
    sums_GK = coincidences(counts_UV, bucket_U)
    kappa_of_many, units = fleiss_kappa(counts_UV)
    return {
        "percent": asdict(estimate_of_sums(sums_GK, percent, n=n, beat=beat)),
        "alphas": _levels(answers, sums_GK),
        "fleiss": {"value": number(kappa_of_many), "units": units},
        "pairs": _pairs(answers, people),
    }


def _levels(answers: Coded, sums_GK: Floats) -> dict[str, float | None]:
    """Alpha as each level of measurement would have it; ratio only for values of 0 and above."""
    if not len(sums_GK):
        return {}
    whole_1K, values_V = sums_GK.sum(axis=0, keepdims=True), answers.values_V
    levels = [each for each in Level if each is not Level.RATIO or (values_V >= 0).all()]
    return {
        level.value: number(alpha(whole_1K, values_V=values_V, level=level)[0]) for level in levels
    }


def _worst(apart_U: Floats, task_U: Ints) -> list[dict[str, Any]]:
    """The tasks whose answers are farthest apart, 1 as far as chance, and by how much."""
    far_U = np.nan_to_num(apart_U, nan=0.0)
    found = [unit for unit in np.argsort(-far_U, kind="stable")[:WORST] if far_U[unit] > 0]
    keys = task_U[found].tolist() if found else []
    uids = dict(Task.objects.filter(pk__in=keys).values_list("pk", "uid"))
    return [
        {"task": str(uids[int(task_U[unit])]), "disagreement": float(far_U[unit])} for unit in found
    ]


def _people(apart_R: Floats, rater_R: Ints, names: list[str]) -> list[dict[str, Any]]:
    """Each person's own alpha, against whoever answered the same, with its 95 % interval."""
    own = own_agreement(apart_R, rater_R, len(names))
    columns = (own.alpha_A, own.low_A, own.high_A, own.n_A)
    return [
        {
            "annotator": name,
            "alpha": number(alpha),
            "low": number(low),
            "high": number(high),
            "n": int(n),
        }
        for name, alpha, low, high, n in sorted(
            zip(names, *columns, strict=True), key=lambda row: row[0]
        )
    ]


def _pairs(answers: Coded, names: list[str]) -> list[dict[str, Any]]:
    """Cohen's kappa of each two, plain and with quadratic weights, with standard errors."""
    pairs = pairs_of(answers, at_most=PAIRS)
    V = len(answers.values_V)
    plain_P, error_P = kappa(pairs.tables_PVV, np.eye(V))
    weighted_P, weighted_error_P = kappa(pairs.tables_PVV, quadratic_weights(answers.values_V))
    return [
        {
            "first": names[one],
            "second": names[two],
            "n": int(table.sum()),
            "percent": float(np.trace(table) / table.sum()),
            "kappa": number(plain_P[nth]),
            "error": number(error_P[nth]),
            "weighted": number(weighted_P[nth]),
            "weighted_error": number(weighted_error_P[nth]),
        }
        for nth, (one, two, table) in enumerate(
            zip(pairs.first_P, pairs.second_P, pairs.tables_PVV, strict=True)
        )
    ]
