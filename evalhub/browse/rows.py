"""Which rows a filter means. Every criterion is one by which an index finds rows.

`walked` is what one index gives newest first; `rows` are those of them that are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.fields.array import ArrayContains  # type: ignore[attr-defined]  # not in the stubs
from django.contrib.postgres.search import SearchQuery, SearchVectorExact
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.http import QueryDict

from evalhub.accounts.models import Workspace
from evalhub.browse.choices import Kind, Mark, Openness
from evalhub.browse.figures import ASKED, behind_figure, made_by, takes_model
from evalhub.campaigns.models import Flag, Reservation, Task, TaskCompletion
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Completion, Prompt
from evalhub.prompts.querysets import slices_of, words_of
from evalhub.quality.arrays import APART
from evalhub.quality.haste import is_hasty
from evalhub.quality.repeated import changed, moved

Criteria = Mapping[str, str]  # by the name of its field; what is not there asks for nothing
Rows = QuerySet[Any]  # of one of four models
Condition = Any  # a Q or a lookup, whatever `filter` takes
Narrowing = Callable[[Workspace, str], Condition]


@dataclass(frozen=True)
class Asked:
    walked: Rows
    rows: Rows
    is_narrowed: bool  # whether `rows` are fewer than `walked`
    reads_texts: bool  # if they are walked, the words of each row are made or counted anew


def asked_for(kind: Kind, workspace: Workspace, criteria: Criteria) -> Asked:
    """The rows of the workspace that meet `criteria`; of tasks, those of one campaign."""
    walked = _WALKED[kind](workspace, criteria)
    given = {name: value for name, value in criteria.items() if value}
    taken = {"model"} if kind == Kind.JUDGMENTS and takes_model(given) else set()
    conditions = [
        narrow(workspace, given[name])
        for name, narrow in NARROWING[kind].items()
        if name in given.keys() - taken
    ]
    rows, is_narrowed = walked.filter(*conditions), bool(conditions)
    if kind == Kind.JUDGMENTS and given.keys() & ASKED:
        rows, is_narrowed = behind_figure(rows, workspace, given), True
    return Asked(
        walked, rows, is_narrowed, reads_texts="text" in given or given.get("mark") == Mark.HASTY
    )


def with_newest_campaign(kind: Kind, workspace: Workspace, asked: QueryDict) -> QueryDict:
    """Tasks are those of one campaign: the newest, where none is named."""
    if kind != Kind.TASKS or asked.get("campaign"):
        return asked
    newest = workspace.campaigns.order_by("-pk").values_list("uid", flat=True).first()
    filled = asked.copy()
    filled["campaign"] = str(newest or "")
    return filled


def _prompts(workspace: Workspace, criteria: Criteria) -> Rows:
    if not (slug := criteria.get("collection")):
        return Prompt.objects.filter(workspace=workspace)
    return Prompt.objects.filter(collection=_key(workspace.collections.filter(slug=slug)))


def _completions(workspace: Workspace, _: Criteria) -> Rows:
    return Completion.objects.filter(workspace=workspace)


def _tasks(workspace: Workspace, criteria: Criteria) -> Rows:
    return Task.objects.filter(campaign=_campaign(workspace, criteria.get("campaign", "")))


def _judgments(workspace: Workspace, criteria: Criteria) -> Rows:
    if not (uid := criteria.get("campaign")):
        return Judgment.objects.filter(workspace=workspace)
    return Judgment.objects.filter(campaign=_campaign(workspace, uid))


_WALKED: dict[Kind, Callable[[Workspace, Criteria], Rows]] = {
    Kind.PROMPTS: _prompts,
    Kind.COMPLETIONS: _completions,
    Kind.TASKS: _tasks,
    Kind.JUDGMENTS: _judgments,
}


def _key(rows: Rows) -> int:
    """A key and no subquery, so that the planner knows how many rows it means; 0: there is none."""
    return rows.values_list("pk", flat=True).first() or 0


def _campaign(workspace: Workspace, uid: str) -> int:
    return _key(workspace.campaigns.filter(uid=UUID(uid))) if uid else 0


def _words_in(field: str) -> Narrowing:
    """All of the words; OR, "quotes" and -minus are understood."""

    def condition(_: Workspace, text: str) -> Condition:
        asked = SearchQuery(text, config="simple", search_type="websearch")
        return SearchVectorExact(words_of(field), asked)

    return condition


def _slice_in(field: str) -> Narrowing:
    def condition(_: Workspace, value: str) -> Condition:
        words = Value([value], output_field=ArrayField(TextField()))
        return ArrayContains(slices_of(field), words)

    return condition


def _model(workspace: Workspace, uid: str) -> Condition:
    return Q(generation__in=made_by(workspace, uid))


def _model_of(task: str) -> Narrowing:
    """Tasks that show a completion of the model; `task` is how a row names its task."""

    def condition(workspace: Workspace, uid: str) -> Condition:
        made = made_by(workspace, uid)
        shown = TaskCompletion.objects.filter(completion__generation__in=made)
        return Exists(shown.filter(task=OuterRef(task)))

    return condition


def _member(workspace: Workspace, uid: str) -> Condition:
    return Q(member=_key(workspace.members.filter(uid=UUID(uid))))


def _task(workspace: Workspace, uid: str) -> Condition:
    return Q(task=_key(Task.objects.filter(campaign__workspace=workspace, uid=UUID(uid))))


def _openness(_: Workspace, value: str) -> Condition:
    if value == Openness.OPEN:
        return Q(open_places__gt=0, is_reserved=False)
    if value == Openness.WAITING:
        return Q(open_places__gt=0)
    if value == Openness.RESERVED:
        return Exists(Reservation.objects.filter(task=OuterRef("pk")))
    if value == Openness.ARCHIVED:
        return Q(archived_at__isnull=False)
    return Exists(Flag.objects.open().filter(task=OuterRef("pk")))


def _judged_in(workspace: Workspace, uid: str) -> Condition:
    """Prompts that people are asked about in a campaign, exams, repeats and practice apart."""
    asked = Task.objects.filter(campaign=_campaign(workspace, uid)).exclude(kind__in=APART)
    return Exists(asked.filter(prompt=OuterRef("pk")))


def _moment(day: str, at: time) -> datetime:
    """Days are UTC, as in reports."""
    return datetime.combine(date.fromisoformat(day), at, tzinfo=UTC)


_MARKS: dict[Mark, Condition] = {
    Mark.RETURNED: Q(returned__isnull=False),
    Mark.FIX: Q(is_fix=True),
    Mark.VERDICT: Q(is_verdict=True),
    Mark.EXTRA: Q(is_extra=True),
    Mark.WITHDRAWN: Q(withdrawn_at__isnull=False),
    Mark.GOLD: Q(gold_verdict__withdrawn_at=None, gold_verdict__isnull=False),
    Mark.GOLD_FAILED: Q(gold_verdict__withdrawn_at=None, gold_verdict__passed=False),
    Mark.BY_LOT: Q(task__valued__by_lot=True),
}
_MARKS_OF_WORDS = {Mark.HASTY: is_hasty(), Mark.CHANGED: changed(), Mark.MOVED: moved()}


def _marked(_: Workspace, value: str) -> Condition:
    """What reports say of people's words is said of those that stand, as the reports have them."""
    mark = Mark(value)
    if mark not in _MARKS_OF_WORDS:
        return _MARKS[mark]
    stands = Exists(Judgment.objects.own_words().filter(pk=OuterRef("pk")))
    return _MARKS_OF_WORDS[mark] & Q(stands)


NARROWING: dict[Kind, dict[str, Narrowing]] = {
    Kind.PROMPTS: {
        "text": _words_in("messages"),
        "slice": _slice_in("slices"),
        "campaign": _judged_in,
        "archived": lambda _, value: Q(archived_at__isnull=value == "no"),
    },
    Kind.COMPLETIONS: {"text": _words_in("content"), "model": _model},
    Kind.TASKS: {
        "text": _words_in("prompt__messages"),
        "slice": _slice_in("prompt__slices"),
        "model": _model_of("pk"),
        "task_kind": lambda _, value: Q(kind=value),
        "priority": lambda _, value: Q(priority=int(value)),
        "state": _openness,
    },
    Kind.JUDGMENTS: {
        "text": _words_in("task__prompt__messages"),
        "slice": _slice_in("task__prompt__slices"),
        "model": _model_of("task"),
        "task": _task,
        "member": _member,
        "mark": _marked,
        "since": lambda _, value: Q(judged_at__gte=_moment(value, time.min)),
        "until": lambda _, value: Q(judged_at__lte=_moment(value, time.max)),
    },
}
PARTS: dict[Kind, tuple[str, ...]] = {  # what the page shows besides
    Kind.PROMPTS: ("collection",),
    Kind.COMPLETIONS: ("prompt", "generation__model"),
    Kind.TASKS: ("prompt", "campaign"),
    Kind.JUDGMENTS: ("task__prompt", "campaign", "member", "returned", "superseded_by"),
}
