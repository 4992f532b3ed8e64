"""Where people disagree in a pilot: the tasks with all answers side by side, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.queries import criteria_of
from evalhub.judgments.comparing import Said, as_shown, said_by
from evalhub.judgments.looking import page_of_task
from evalhub.judgments.models import Judgment
from evalhub.judgments.sheet import Ask, fields_from
from evalhub.judgments.sheet.fields import CANNOT_TELL
from evalhub.judgments.told import fetch_answers, fetched_answers
from evalhub.rubrics.models import ScaleKind

ORDERED = ("rating", "preference", "rank")  # questions whose options stand in an order
BESIDE = (CANNOT_TELL, "both_bad")  # options that stand beside it


@dataclass(frozen=True)
class Row:
    """One question, and what each person said to it."""

    title: str
    question: str
    said: list[Said]
    spread: float  # 0: all the same; 1: as far apart as two can be, every pair


@dataclass(frozen=True)
class Disputed:
    """One task, and what each person said about it."""

    task: Task
    page: dict[str, Any]  # its texts, see page_of_task
    people: list[Member]
    rows: list[Row]  # the most disputed first
    critiques: list[tuple[Member, str]]

    @property
    def spread(self) -> float:
        return sum(row.spread for row in self.rows) / len(self.rows) if self.rows else 0.0

    @property
    def is_disputed(self) -> bool:
        return any(row.spread for row in self.rows)


@dataclass(frozen=True)
class Question:
    """One question over all tasks of a pilot; a rubric's question about each response counts once."""

    title: str
    spread: float
    times: int  # it was answered by two people or more


def disputed_in(campaign: Campaign) -> list[Disputed]:
    """The tasks that two people or more have judged, those they disagree about most first."""
    judgments = Judgment.objects.current().filter(campaign=campaign, is_extra=False)
    judgments = judgments.select_related("member", "assignment").prefetch_related("task__prompt")
    found = list(judgments.order_by("task_id", "member_id"))
    fetch_answers(found)
    by_task: dict[int, list[Judgment]] = defaultdict(list)
    for judgment in found:
        judgment.task.campaign = campaign
        by_task[judgment.task_id].append(judgment)
    shown = [side_by_side(given) for given in by_task.values() if len(given) > 1]
    return sorted(shown, key=lambda each: (-each.spread, each.task.pk))


def questions_of(disputed: Sequence[Disputed]) -> list[Question]:
    """Which question is read in different ways, the worst first."""
    spreads: dict[str, list[float]] = defaultdict(list)
    for each in disputed:
        for row in each.rows:
            spreads[row.question or row.title].append(row.spread)
    found = [Question(name, sum(all_) / len(all_), len(all_)) for name, all_ in spreads.items()]
    return sorted(found, key=lambda each: -each.spread)


def side_by_side(judgments: Sequence[Judgment]) -> Disputed:
    """What several people said about one task, question by question, in the task's own order.

    Args:
        judgments: as `fetch_answers` has read them.
    """
    task = judgments[0].task
    page = page_of_task(task, {})
    unordered = _unordered(task.campaign)
    steps = task.campaign.preference_steps
    fields = [fields_from(_in_its_order(each), preference_steps=steps) for each in judgments]
    rows = []
    for ask in page[
        "sheet"
    ].asks:  # one form for all: to fill one for each would be most of the page's time
        said = [said_by(ask, given) for given in fields]
        rows.append(Row(ask.title, ask.question, said, _spread(ask, said, unordered)))
    return Disputed(
        task=task,
        page=page,
        people=[judgment.member for judgment in judgments],
        rows=sorted(rows, key=lambda row: -row.spread),
        critiques=[(each.member, each.critique) for each in judgments if each.critique],
    )


def _in_its_order(judgment: Judgment) -> dict[str, Any]:
    """The answers in the task's own order, whatever order each person saw."""
    answers = fetched_answers(judgment)
    if judgment.assignment is None:
        return answers
    shown = judgment.assignment.permutation
    return as_shown(answers, [shown.index(place) for place in range(len(shown))])


def _unordered(campaign: Campaign) -> set[str]:
    """The criteria one answers with a choice among words."""
    criteria = criteria_of(campaign.rubric_version_id)
    return {each.slug for each in criteria if each.kind == ScaleKind.CHOICE}


def _spread(ask: Ask, said: Sequence[Said], unordered: set[str]) -> float:
    """The mean over pairs of people: how far apart they are, as a share of the scale.

    Words that people typed are never far apart: nobody writes the same.
    """
    if ask.typed is not None and ask.typed.limits is None:
        return 0.0
    chosen = [each.value for each in said if each.value]
    pairs = list(combinations(chosen, 2))
    if not pairs:
        return 0.0
    first, *rest = ask.name.split(".")
    has_order = first in ORDERED and not (first == "rating" and rest[1] in unordered)
    places = _places(ask) if has_order else {}
    return sum(
        _apart(places.get(one), places.get(other), one == other) for one, other in pairs
    ) / len(pairs)


def _places(ask: Ask) -> dict[str, float]:
    """Where each option stands, from 0 to 1; what stands beside the scale has no place."""
    if ask.typed is not None and ask.typed.limits is not None:
        low, high = ask.typed.limits
        return {str(number): (number - low) / (high - low) for number in range(low, high + 1)}
    scale = [option.value for option in ask.options if option.value not in BESIDE]
    return {value: nth / max(1, len(scale) - 1) for nth, value in enumerate(scale)}


def _apart(one: float | None, other: float | None, is_same: bool) -> float:  # noqa: FBT001
    if is_same:
        return 0.0
    return 1.0 if one is None or other is None else abs(one - other)
