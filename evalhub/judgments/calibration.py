"""How near somebody's judgments of gold tasks are to the expert's answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import TaskCompletion
from evalhub.campaigns.queries import criteria_of
from evalhub.judgments.models import (
    ExpertAnswer,
    JudgedStep,
    JudgedToolCall,
    Judgment,
    Preference,
    RankedCompletion,
    Rating,
    undo_ended,
)
from evalhub.judgments.sheet import fields_from
from evalhub.rubrics.models import Criterion, ScaleKind

NEWEST = 500  # judgments
NEAR = 1  # points of a scale


@dataclass
class Tally:
    """Answers that the expert gave too, counted."""

    title: str
    same: int = 0
    near: int = 0  # within a point, or towards the same side; what is the same is near
    n: int = 0

    @property
    def share(self) -> float | None:
        return self.same / self.n if self.n else None

    @property
    def near_share(self) -> float | None:
        return self.near / self.n if self.n else None


@dataclass(frozen=True)
class Calibration:
    whole: Tally
    parts: list[Tally]  # by criterion or kind of question, by name


def calibration_of(member: Member) -> Calibration:
    """Over the member's newest judgments of gold tasks, as first given; what was left open is left out.

    As first given, because afterwards they may read the expert's answer and revise their own.
    """
    rows = Judgment.objects.standing(before=undo_ended()).filter(member=member, supersedes=None)
    rows = rows.filter(task__kind=TaskKind.GOLD, task__expert_answer__isnull=False)
    judgments = list(rows.select_related("campaign").order_by("-pk")[:NEWEST])
    experts = dict(
        ExpertAnswer.objects.filter(task__in=[row.task_id for row in judgments]).values_list(
            "task_id", "answers"
        )
    )
    said = _said(judgments)
    whole, parts = Tally(_("In all")), dict[str, Tally]()
    for row in judgments:
        _add(row, said[row.pk], experts[row.task_id], whole, parts)
    return Calibration(whole, sorted(parts.values(), key=lambda part: part.title))


def _add(
    judgment: Judgment,
    said: dict[str, Any],
    expert: dict[str, Any],
    whole: Tally,
    parts: dict[str, Tally],
) -> None:
    campaign = judgment.campaign
    mine = fields_from(said, preference_steps=campaign.preference_steps)
    right = fields_from(expert, preference_steps=campaign.preference_steps)
    criteria = {each.slug: each for each in criteria_of(campaign.rubric_version_id)}
    for name in right.keys() & mine.keys():
        part = _part_of(name, criteria)
        if part is not None:
            tallies = (whole, parts.setdefault(part, Tally(part)))
            _count(tallies, mine[name], right[name], scale=_scale_of(name, criteria))


def _count(tallies: Iterable[Tally], mine: str, expert: str, *, scale: bool) -> None:
    for tally in tallies:
        tally.n += 1
        tally.same += mine == expert
        tally.near += mine == expert or (scale and _is_near(mine, expert))


def _is_near(mine: str, expert: str) -> bool:
    """Within one point of a scale; a preference for the same side."""
    try:
        return abs(int(mine) - int(expert)) <= NEAR
    except ValueError:
        return mine[:1] in ("A", "B") and mine[:1] == expert[:1]


def _part_of(name: str, criteria: dict[str, Criterion]) -> str | None:
    """What the field is about: a criterion's name, or a kind of question; None: not compared."""
    kind, _dot, rest = name.partition(".")
    if kind == "rating":
        slug = rest.split(".")[1]
        return criteria[slug].name if slug in criteria else None
    if kind == "preference":
        return criteria[rest].name if rest in criteria else _("Overall")
    return {"rank": _("Ranking"), "step": _("Steps"), "call": _("Tool calls")}.get(kind)


def _scale_of(name: str, criteria: dict[str, Criterion]) -> bool:
    """Whether one answer can be nearer than another: not among choices, nor yes and no."""
    kind, _dot, rest = name.partition(".")
    if kind != "rating":
        return kind in ("preference", "rank")
    return criteria[rest.split(".")[1]].kind == ScaleKind.SCALE


Labels = dict[tuple[int, int | None], str]  # (task, completion): its letter in the task's order


def _said(judgments: Sequence[Judgment]) -> dict[int, dict[str, Any]]:
    """The answers of each judgment in its task's own order, as a submit says them: six queries."""
    placed = TaskCompletion.objects.filter(task__in={row.task_id for row in judgments})
    labels: Labels = {
        (task, completion): ascii_uppercase[place]
        for task, completion, place in placed.values_list("task_id", "completion_id", "place")
    }
    said: dict[int, dict[str, Any]] = {row.pk: defaultdict(list) for row in judgments}
    for about in (_ratings, _preferences, _steps, _calls):
        for judgment, name, told in about(said.keys(), labels):
            said[judgment][name].append(told)
    for judgment, tiers in _rankings(said.keys(), labels).items():
        said[judgment]["ranking"] = [tiers[tier] for tier in sorted(tiers)]
    return said


Told = Iterator[tuple[int, str, dict[str, Any]]]  # judgment, name in a submit, answer


def _ratings(judgments: Iterable[int], labels: Labels) -> Told:
    rows = Rating.objects.filter(judgment__in=judgments).select_related("criterion", "judgment")
    for row in rows:
        label = labels.get((row.judgment.task_id, row.completion_id))
        told = {"criterion": row.criterion.slug, "turn": row.turn, "value": row.value}
        yield row.judgment_id, "ratings", {"response": label, **told}


def _preferences(judgments: Iterable[int], labels: Labels) -> Told:
    rows = Preference.objects.filter(judgment__in=judgments)
    for row in rows.select_related("criterion", "judgment"):
        winner = row.first_id if row.margin > 0 else row.second_id
        choice = labels.get((row.judgment.task_id, winner))
        if row.margin == 0:
            choice = "both_bad" if row.both_bad else "tie"
        about = {"criterion": row.criterion.slug if row.criterion else None}
        strength = abs(row.margin) or 1
        yield row.judgment_id, "preferences", {**about, "choice": choice, "strength": strength}


def _rankings(judgments: Iterable[int], labels: Labels) -> dict[int, dict[int, list[str]]]:
    found: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = RankedCompletion.objects.filter(judgment__in=judgments).select_related("judgment")
    for row in rows:
        label = labels[row.judgment.task_id, row.completion_id]
        found[row.judgment_id][row.tier].append(label)
    return found


def _steps(judgments: Iterable[int], labels: Labels) -> Told:
    rows = JudgedStep.objects.filter(judgment__in=judgments).select_related("judgment")
    for row in rows:
        label = labels.get((row.judgment.task_id, row.completion_id))
        told = {"response": label, "step": row.step, "verdict": row.verdict}
        yield row.judgment_id, "steps", told


def _calls(judgments: Iterable[int], labels: Labels) -> Told:
    rows = JudgedToolCall.objects.filter(judgment__in=judgments).select_related("judgment")
    for row in rows:
        label = labels.get((row.judgment.task_id, row.completion_id))
        verdict = {"right_tool": row.right_tool, "right_arguments": row.right_arguments}
        yield row.judgment_id, "tool_calls", {"response": label, "call": row.call, **verdict}
