"""How often what all answers say together is what an expert says, where one has answered.

Shapes: R answers, U units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.judgments.models import ExpertAnswer
from evalhub.quality.fits import Consensus
from evalhub.quality.questions import OVERALL, Asked
from evalhub.stats.agreement import Level
from evalhub.stats.proportions import wilson

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

ONE_TURN = -1  # of a conversation: experts say nothing to it here


class Expert(NamedTuple):
    """What passes: a value, or one that is `tolerance` points off."""

    value: float
    tolerance: int


def against_gold(campaign: Campaign, asked: Asked, consensus: Consensus) -> dict[str, Any] | None:
    """Shares of right answers, each with Wilson's interval: the consensus', and the plain majority's
    (of a scale, the mean's to the nearest point).

    Experts who cannot tell, or call two equal, say nothing here. Where as many people say one thing as
    another the majority is `undecided`, and is left out of its share.

    Returns:
        None where no gold stands that says anything to this question.
    """
    right = dict(_right(campaign, asked))
    about_R = np.where(asked.turn_R < 0, asked.first_R, ONE_TURN)
    is_gold_R = np.isin(asked.task_R, [task for task, _about in right])
    known: dict[int, Expert] = {}  # the same thing may stand in another task as well
    columns = (each[is_gold_R].tolist() for each in (asked.unit_R, asked.task_R, about_R))
    for unit, task, about in zip(*columns, strict=True):
        if (task, about) in right:
            known.setdefault(unit, right[task, about])
    if not known:
        return None
    chosen = sorted(known)
    value = np.array([known[unit].value for unit in chosen])
    tolerance = np.array([known[unit].tolerance for unit in chosen])
    plain = plain_of(asked)[chosen]
    is_told = ~np.isnan(plain)
    told = {}
    for name, answer, counts in (
        ("consensus", consensus.answer_U[chosen], np.ones(len(chosen), dtype=bool)),
        ("majority", plain, is_told),
    ):
        passes = _passes(answer[counts], value[counts], tolerance[counts], asked)
        told[name] = asdict(wilson(int(passes.sum()), int(counts.sum())))
    return told | {"undecided": int((~is_told).sum())}


def _passes(answer: Floats, value: Floats, tolerance: NDArray[np.int64], asked: Asked) -> Bools:
    if asked.level is Level.NOMINAL:
        same: Bools = answer == value
        return same
    near: Bools = np.abs(np.floor(answer + 0.5) - value) <= tolerance
    return near


def plain_of(asked: Asked) -> Floats:
    """What the plain count says of each unit: the most frequent value, of pairs the side, of a scale the
    mean; NaN where two are as frequent.
    """
    units = int(asked.unit_R.max(initial=-1)) + 1
    if asked.is_pair:
        one_sided = np.where(np.abs(asked.value_R) == 1, asked.value_R, 0)
        balance_U = np.sign(np.bincount(asked.unit_R, one_sided, minlength=units))
        sides: Floats = np.where(balance_U == 0, np.nan, balance_U)
        return sides
    if asked.level is not Level.NOMINAL:
        count_U = np.maximum(np.bincount(asked.unit_R, minlength=units), 1)
        mean: Floats = np.bincount(asked.unit_R, asked.value_R, minlength=units) / count_U
        return mean
    values_V, code_R = np.unique(asked.value_R, return_inverse=True)
    V = len(values_V)
    votes_UV = np.bincount(asked.unit_R * V + code_R, minlength=units * V).reshape(units, V)
    most_U = votes_UV.max(axis=1, keepdims=True)
    is_one_U = (votes_UV == most_U).sum(axis=1) == 1
    plain: Floats = np.where(is_one_U, values_V[votes_UV.argmax(axis=1)], np.nan)
    return plain


def _right(campaign: Campaign, asked: Asked) -> Iterator[tuple[tuple[int, int], Expert]]:
    """What experts say to this question, where the gold stands: by task, and completion as in `Asked.first_R`."""
    standing = ExpertAnswer.objects.filter(
        task__campaign=campaign, task__kind=TaskKind.GOLD, withdrawn_at=None
    )
    answers = list(standing.order_by("pk").values_list("task_id", "answers", "tolerance"))
    letters = _letters([task for task, *_ in answers])
    for task, said, tolerance in answers:
        if asked.is_pair:
            for each in said.get("preferences", []):
                if (each["criterion"] or OVERALL) == asked.name and each["choice"] in ("A", "B"):
                    two = [letters[task, "A"], letters[task, "B"]]
                    better = letters[task, each["choice"]]
                    yield (task, min(two)), Expert(1.0 if better == min(two) else -1.0, 0)
            continue
        for each in said.get("ratings", []):
            if (
                each["criterion"] == asked.name
                and each["value"] is not None
                and each.get("turn") is None
            ):
                completion = letters[task, each["response"]] if each["response"] else 0
                yield (task, completion), Expert(float(each["value"]), tolerance)


def _letters(tasks: list[int]) -> dict[tuple[int, str], int]:
    """The completions of tasks by their letters, A the first."""
    rows = TaskCompletion.objects.filter(task__in=tasks).order_by("pk")
    columns = rows.values_list("task_id", "place", "completion_id")
    return {(task, chr(ord("A") + place)): completion for task, place, completion in columns}
