"""How far a judge agrees with people, beside how far they agree with each other. Shapes: R answers, U units, V values.

Brings scipy: only jobs import it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from evalhub.judges.models import JudgePrompt
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import APART
from evalhub.quality.models import excluded, withdrawn
from evalhub.quality.questions import Asked, places, questions_of
from evalhub.stats.agreement import alpha_of, coincidences, percent
from evalhub.stats.between import coincidences_between
from evalhub.stats.intervals import Estimate, buckets, estimate_of_sums
from evalhub.stats.proportions import wilson

Beat = Callable[[], object]
PEOPLE = (Source.HUMAN, Source.IMPORTED)
MOST_VALUES = 50  # of numbers; more are no table
NOTHING = asdict(Estimate(None, None, None, 0))


def agreement_report(prompt: JudgePrompt, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Every question that the judge, told by `prompt`, answered beside people; position, replies, cost.

    Returns:
        `questions`: see `_question`; `pairs`: by question the share of pairs whose two orders were answered
        differently; `unreadable`: the share of replies that were no judgment, and why; `cost`.
    """
    judgings = list(prompt.judgings.exclude(ended_at=None).select_related("source", "run"))
    said = _said(prompt)
    questions = []
    if judgings:
        for asked in questions_of(judgings[0].source, said=said):
            beat()
            if (told := _question(asked, prompt.judge.member_id, beat)) is not None:
                questions.append(told)
    return {"questions": questions, **_counted([each.counts for each in judgings]),
            **_paid([each.run.metrics for each in judgings])}  # fmt: skip


def _said(prompt: JudgePrompt) -> QuerySet[Judgment]:
    """What the judge said, and what people said themselves in the same campaigns, unprompted."""
    judgings = prompt.judgings.exclude(ended_at=None)
    people = Judgment.objects.filter(campaign__in=judgings.values("source")).own_words()
    people = people.from_sources(*PEOPLE).filter(saw_proposal=False)
    people = people.exclude(task__kind__in=APART)
    theirs = people.filter(~excluded()).filter(~withdrawn())
    mine = Judgment.objects.filter(campaign__in=judgings.values("campaign")).said_by_models()
    own = mine.filter(member=prompt.judge.member_id).filter(~withdrawn())
    return Judgment.objects.filter(Q(pk__in=theirs.values("pk")) | Q(pk__in=own.values("pk")))


def _question(asked: Asked, judge: int, beat: Beat) -> dict[str, Any] | None:
    """None where the judge was not asked. Otherwise `both`: units that the judge and a person judged, and of
    those `alpha` and `percent` between them, `people_alpha` and `people_percent` among people.
    """
    given = asked.given()
    is_judge_R = given.member_R == judge
    if not is_judge_R.any():
        return None
    told: dict[str, Any] = {"question": asked.name, "level": asked.level.value, "both": 0,
                            "people_answers": 0, "why": "", **dict.fromkeys(FIGURES, NOTHING)}  # fmt: skip
    shared = np.intersect1d(given.unit_R[is_judge_R], given.unit_R[~is_judge_R])
    if not len(shared):
        return told
    in_R = np.isin(given.unit_R, shared)
    unit_R, is_judge_R = places(given.unit_R[in_R]), is_judge_R[in_R]
    values_V, code_R = np.unique(given.value_R[in_R], return_inverse=True)
    U, V = len(shared), len(values_V)
    told |= {"both": U, "people_answers": int((~is_judge_R).sum())}
    if V > MOST_VALUES:
        return told | {"why": "too many values for a table"}
    judge_UV, people_UV = (
        np.bincount((unit_R * V + code_R)[rows_R], minlength=U * V).reshape(U, V).astype(float)
        for rows_R in (is_judge_R, ~is_judge_R)
    )
    group_U = np.zeros(U, dtype=np.int64)
    group_U[unit_R] = given.group_R[in_R]
    group_U = places(group_U)
    bucket_U = buckets(int(group_U.max()) + 1)[group_U]
    alpha = alpha_of(values_V, asked.level)
    between, among = (
        coincidences_between(judge_UV, people_UV, bucket_U), coincidences(people_UV, bucket_U)
    )  # fmt: skip
    several = int(people_UV.sum(axis=1)[people_UV.sum(axis=1) > 1].sum())
    sums = zip(FIGURES, (between, between, among, among), (alpha, percent) * 2, (U, U, several, several), strict=True)  # fmt: skip
    for name, table, figure, n in sums:
        told[name] = asdict(estimate_of_sums(table, figure, n=n, beat=beat))
    if V == 1:
        told["why"] = "everybody gave one and the same value"
    return told


FIGURES = ("alpha", "percent", "people_alpha", "people_percent")


def _counted(counts: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums over judgings. `pairs`: {question: {"inconsistent": share, "first", "second"}}."""
    why: Counter[str] = Counter()
    pairs: dict[str, Counter[str]] = {}
    for each in counts:
        why.update(each["unreadable"])
        for name, counted in each["pairs"].items():
            pairs.setdefault(name, Counter()).update(counted)
    asked = sum(each["asked"] for each in counts)
    return {
        "judged": sum(each["judged"] for each in counts),
        "unasked": sum(each["unasked"] for each in counts),
        "unreadable": asdict(wilson(why.total(), asked)),
        "why_unreadable": dict(why),
        "pairs": {
            name: {
                "inconsistent": asdict(wilson(each["inconsistent"], each["both"])),
                "first": each["first"],
                "second": each["second"],
            }
            for name, each in pairs.items()
        },
    }


def _paid(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """`cost` is None where a run had no prices, which is not nothing."""
    costs = [each.get("cost") for each in metrics]
    known = [each for each in costs if each is not None]
    return {
        "requests": sum(int(each.get("requests", each["completions"])) for each in metrics),
        "cost": round(sum(known), 6) if known and len(known) == len(costs) else None,
    }
