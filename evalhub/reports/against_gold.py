"""How often what all answers say together is what an expert says, where one has answered.

Shapes: R answers, U units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.sheet.fields import PROMPT
from evalhub.quality.fits import Consensus
from evalhub.quality.plain import nearest, plain_of
from evalhub.quality.questions import OVERALL, Asked
from evalhub.stats.agreement import Level
from evalhub.stats.proportions import wilson

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Question = tuple[str, bool]  # its name, and whether two are compared


class About(NamedTuple):
    """What an answer is about, as `Asked` has it."""

    task: int
    first: int
    second: int = 0
    turn: int = -1


class Expert(NamedTuple):
    """What passes: a value, one that is `tolerance` points off, or one that the lead lets pass besides."""

    value: float
    tolerance: int
    also: tuple[float, ...] = ()


Experts = dict[Question, dict[About, Expert]]


def experts_in(campaign: Campaign) -> Experts:
    """What experts say where the gold stands, question by question: pairs, each two of a ranking, ratings of
    responses and of turns. Who cannot tell, or calls two equal, says nothing here.
    """
    standing = ExpertAnswer.objects.filter(
        task__campaign=campaign, task__kind=TaskKind.GOLD, withdrawn_at=None
    )
    answers = list(standing.order_by("pk").values_list("task_id", "answers", "tolerance", "also"))
    letters = _letters([task for task, *_ in answers])
    found: Experts = {}
    for task, said, tolerance, also in answers:
        for name, better, worse in _preferred(said):
            one, other = letters[task, better], letters[task, worse]
            about = About(task, min(one, other), max(one, other))
            side = 1.0 if one < other else -1.0
            besides = also.get("preference" if name == OVERALL else f"preference.{name}", ())
            sides = {worse: -side, "tie": 0.0}
            others = {sides[each.rstrip("123")] for each in besides if each.rstrip("123") in sides}
            passes = Expert(side, 0, tuple(others))
            found.setdefault((name, True), {})[about] = passes
        for each in said.get("ratings", []):
            if each["value"] is None:
                continue
            completion = letters[task, each["response"]] if each["response"] else 0
            turn = each.get("turn")
            about = About(task, completion, turn=-1 if turn is None else turn)
            field = f"rating.{each['response'] or PROMPT}.{each['criterion']}"
            besides = also.get(field if turn is None else f"{field}.{turn}", ())
            passes = Expert(float(each["value"]), tolerance, tuple(map(float, besides)))
            found.setdefault((each["criterion"], False), {})[about] = passes
    return found


def against_gold(asked: Asked, consensus: Consensus, experts: Experts) -> dict[str, Any] | None:
    """Shares of right answers, each with Wilson's interval: the consensus', and the plain majority's
    (of a scale, the mean's to the nearest point).

    Where as many people say one thing as another the majority is `undecided`, and is left out of its share.

    Returns:
        None where no gold stands that says anything to this question.
    """
    right = experts.get((asked.name, asked.is_pair), {})
    is_gold_R = np.isin(asked.task_R, [about.task for about in right])
    known: dict[int, Expert] = {}  # the same thing may stand in another task as well
    about_R = (asked.task_R, asked.first_R, asked.second_R, asked.turn_R)
    columns = (each[is_gold_R].tolist() for each in (asked.unit_R, *about_R))
    for unit, *about in zip(*columns, strict=True):
        if (expert := right.get(About(*about))) is not None:
            known.setdefault(unit, expert)
    if not known:
        return None
    chosen = sorted(known)
    passing = [known[unit] for unit in chosen]
    plain = plain_of(asked)[chosen]
    is_told = ~np.isnan(plain)
    told = {}
    for name, answer, counts in (
        ("consensus", consensus.answer_U[chosen], np.ones(len(chosen), dtype=bool)),
        ("majority", plain, is_told),
    ):
        passes = _passes(answer, passing, asked) & counts
        told[name] = asdict(wilson(int(passes.sum()), int(counts.sum())))
    return told | {"undecided": int((~is_told).sum())}


def _passes(answer: Floats, passing: list[Expert], asked: Asked) -> Bools:
    is_nominal = asked.level is Level.NOMINAL
    said = answer if is_nominal else nearest(answer)
    value = np.array([each.value for each in passing])
    off = 0 if is_nominal else np.array([each.tolerance for each in passing])
    also = np.array([mine in each.also for mine, each in zip(said, passing, strict=True)])
    passes: Bools = (np.abs(said - value) <= off) | also
    return passes


def _preferred(said: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Of each two: the question, the better one and the other, by their letters."""
    for each in said.get("preferences", []):
        if each["choice"] in ("A", "B"):
            other = "B" if each["choice"] == "A" else "A"
            yield each["criterion"] or OVERALL, each["choice"], other
    for higher, lower in combinations(said.get("ranking", []), 2):  # tiers, the best first
        for better in higher:
            for worse in lower:
                yield OVERALL, better, worse


def _letters(tasks: list[int]) -> dict[tuple[int, str], int]:
    """The completions of tasks by their letters, A the first."""
    rows = TaskCompletion.objects.filter(task__in=tasks).order_by("pk")
    columns = rows.values_list("task_id", "place", "completion_id")
    return {(task, chr(ord("A") + place)): completion for task, place, completion in columns}
