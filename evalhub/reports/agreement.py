"""How far people agree, per question of a campaign: a report of plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign, Task
from evalhub.quality.answered import Answered, answered
from evalhub.quality.arrays import said_in
from evalhub.quality.choices import Counts
from evalhub.quality.questions import Asked
from evalhub.reports.agreement_pairs import FEW, pairs_in
from evalhub.reports.agreement_parts import by_slice, by_version
from evalhub.reports.answered import whole_of
from evalhub.reports.behind import GIVEN, behind_report, first_of_each
from evalhub.reports.figures import MANY_VALUES, cell, number
from evalhub.reports.read import Read
from evalhub.reports.slicing import Slicing
from evalhub.rubrics.models import Criterion
from evalhub.stats.agreement import (
    Level,
    Undefined,
    alpha,
    coincidences,
    percent,
)
from evalhub.stats.by_level import disagreement_by
from evalhub.stats.careless import own_agreement
from evalhub.stats.intervals import Estimate, estimate_of_sums
from evalhub.stats.kappas import fleiss_kappa
from evalhub.stats.slices import shares, table_of

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WORST = 5  # tasks that are named


def agreement_report(read: Read, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Every question of the campaign with its agreement, and people by how they agree with others.

    Returns:
        `questions`: see `_question`. Intervals are 95 %, by drawing groups of prompts.
        `proposed`: judgments that are left out, as whoever made them saw a proposal.
        `slices_left_out`: rarer ones than those that are told.
    """
    campaign, slicing = read.campaign, read.slicing
    questions = []
    for asked in read.unprompted():
        beat()
        questions.append(_question(campaign, asked, slicing, beat))
    proposed = said_in(campaign).filter(saw_proposal=True).count()
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.UNPROMPTED),
        "questions": questions,
        "proposed": proposed,
        "slices_left_out": slicing.left_out,
    }


def _question(campaign: Campaign, asked: Asked, slicing: Slicing, beat: Beat) -> dict[str, Any]:
    """`alpha` with its interval, `undefined` (why it has no value), `verdict`, and what is behind it:
    `values` (see `_values`), `worst` tasks, `people` (their own alpha), `rows` by slice and by version, `pairs` (see `pairs_in`),
    and what `_by_table` tells.
    """
    said = answered(asked)
    answers = said.answers
    whole = whole_of(said, beat=beat)
    apart = disagreement_by(answers, said.level)
    return {
        "question": asked.name,
        "rubric_version": asked.version,
        "level": asked.level.value,
        **whole,
        "behind": asked.behind | GIVEN,
        "values": _values(said),
        "worst": _worst(apart.of_unit_U, said.of_unit(said.given.task_R)),
        "people": _people(said, apart.of_answer_R),
        "rows": [*by_slice(said, slicing), *by_version(said, whole, campaign, beat=beat)],
        **pairs_in(said),
        **_by_table(said, whole["alpha"]["n"], beat),
    }


def _by_table(said: Answered, n: int, beat: Beat) -> dict[str, Any]:
    """`percent`, `alphas` at each level, and `fleiss`; where one has no value, `undefined` says why.

    They go by which values met, so they have none for numbers of more than FEW values.
    """
    if len(said.answers.values_V) > FEW:
        nothing = asdict(Estimate(None, None, None, n)) | {"undefined": MANY_VALUES}
        fleiss = {"value": None, "units": 0, "undefined": MANY_VALUES}
        return {"percent": nothing, "alphas": {}, "fleiss": fleiss}
    sums_GK = coincidences(said.counts, said.bucket_U)
    kappa_of_many, units = fleiss_kappa(said.counts)
    alike = estimate_of_sums(sums_GK, percent, n=n, beat=beat)
    no_pairs = Undefined.NO_PAIRS.value
    reason = Undefined.ONE_VALUE.value if units else no_pairs
    return {
        "percent": asdict(alike) | {"undefined": no_pairs if alike.value is None else None},
        "alphas": _levels(said.answers.values_V, sums_GK),
        "fleiss": {
            "value": number(kappa_of_many),
            "units": units,
            "undefined": None if np.isfinite(kappa_of_many) else reason,
        },
    }


def _levels(values_V: Floats, sums_GK: Floats) -> dict[str, float | None]:
    """Alpha as each level of measurement would have it; ratio only for values of 0 and above."""
    if not len(sums_GK):
        return {}
    whole_1K = sums_GK.sum(axis=0, keepdims=True)
    levels = [each for each in Level if each is not Level.RATIO or (values_V >= 0).all()]
    return {
        level.value: number(alpha(whole_1K, values_V=values_V, level=level)[0]) for level in levels
    }


def _values(said: Answered) -> list[dict[str, Any]]:
    """How often each answer was given: its share, with an interval by leaving out groups of prompts.

    Empty for numbers of more than FEW values, and for pairs, of which no side means anything.
    """
    values_V = said.answers.values_V
    if said.asked.is_pair or len(values_V) > FEW:
        return []
    bucket_R, code_R = said.bucket_U[said.answers.unit_R], said.answers.code_R
    shape = (int(bucket_R.max(initial=-1)) + 1, len(values_V))
    count_GV = table_of(bucket_R, code_R, None, shape=shape)
    all_GV = np.broadcast_to(count_GV.sum(axis=1, keepdims=True), shape)
    found = shares(count_GV, all_GV)
    criterion = Criterion.objects.get(pk=said.asked.criterion)
    return [
        {
            "answer": criterion.words_for(int(value)),
            **cell(found, at),
            "n": int(count_GV[:, at].sum()),
        }
        for at, value in enumerate(values_V.tolist())
    ]


def _worst(apart_U: Floats, task_U: Ints) -> list[dict[str, Any]]:
    """The tasks whose answers are farthest apart, 1 as far as chance, and by how much."""
    far_U = np.nan_to_num(apart_U, nan=0.0)
    found = [unit for unit in np.argsort(-far_U, kind="stable")[:WORST] if far_U[unit] > 0]
    keys = task_U[found].tolist() if found else []
    uids = dict(Task.objects.filter(pk__in=keys).values_list("pk", "uid"))
    return [
        {"task": str(uids[int(task_U[unit])]), "disagreement": float(far_U[unit])} for unit in found
    ]


def _people(said: Answered, apart_R: Floats) -> list[dict[str, Any]]:
    """Each person's own alpha, against whoever answered the same, with its 95 % interval.

    `n` are answers that somebody else gave one to as well, `answers` all of theirs.
    """
    rater_R, A = said.answers.rater_R, said.answers.raters
    own = own_agreement(apart_R, rater_R, A)
    is_first_R = first_of_each(said.given.judgment_R)
    answers_A, judgments_A = (
        np.bincount(each, minlength=A).tolist() for each in (rater_R, rater_R[is_first_R])
    )
    rows = [
        {
            "annotator": member.pseudonym,
            "alpha": number(own.alpha_A[at]),
            "low": number(own.low_A[at]),
            "high": number(own.high_A[at]),
            "n": int(own.n_A[at]),
            "answers": answers_A[at],
            "judgments": judgments_A[at],
            "behind": said.asked.behind | GIVEN | {"member": str(member.uid)},
        }
        for at, member in enumerate(said.members)
    ]
    return sorted(rows, key=lambda row: str(row["annotator"]))
