"""Filling a campaign with tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from random import Random

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evalhub.campaigns.choices import (
    COMPLETIONS_PER_TASK,
    SHIFTS,
    Design,
    TaskKind,
    TaskOrder,
    TaskType,
)
from evalhub.campaigns.errors import UnfitTask
from evalhub.campaigns.models import BAND, Campaign, Task, TaskCompletion
from evalhub.campaigns.selection import BATCH, OF_ANOTHER_WORKSPACE, Keys, Selection, shapes_of
from evalhub.campaigns.services.shares import refresh_shares
from evalhub.campaigns.services.steering import copy_of
from evalhub.common.copying import copy_in, keys_for
from evalhub.prompts.models import Completion, Prompt

Shape = tuple[Prompt, Sequence[Completion]]


@transaction.atomic
def add_tasks(
    *,
    campaign: Campaign,
    items: Iterable[Shape],
    overlap: int | None = None,
    priority: int = 5,
    seed: int | None = None,
) -> int:
    """Add one task per item (a prompt and its completions, in the task's own order).

    Args:
        items: read once, a batch at a time, so a generator of any length will do.
        overlap: judgments wanted per task; None takes the campaign's.
        priority: 0 to 9; 9 is claimed first.
        seed: of the order in which tasks are claimed; None draws one.

    Returns:
        How many tasks were added.

    Raises:
        UnfitTask: an item has too few or too many completions for the campaign's type, or one
            that answers another prompt. Nothing is stored.
    """
    return _add(campaign, _checked(campaign, items), overlap=overlap, priority=priority, seed=seed)


@transaction.atomic
def add_from_completions(
    *,
    campaign: Campaign,
    completions: QuerySet[Completion],
    design: Design = Design.FIRST_TWO,
    overlap: int | None = None,
    seed: int | None = None,
) -> int:
    """Make tasks of the campaign's type from `completions`, prompt by prompt.

    Rating: one task per completion. Comparison: as `design` says; equal texts are no comparison.
    Ranking: the first three to eight different texts. A prompt with too few is passed over.
    """
    type_ = TaskType(campaign.type)
    shapes = shapes_of(
        completions, type_, workspace=campaign.workspace_id, design=design, seed=seed
    )
    return _add(campaign, shapes, overlap=overlap, priority=5, seed=seed)


@transaction.atomic
def add_shapes(*, campaign: Campaign, shapes: Sequence[Keys], seed: int | None = None) -> list[int]:
    """Make a task of each of `shapes`, which `shapes_of` has found fit; return their keys in that order."""
    chance = Random(seed)  # noqa: S311  as in _add
    keys = _stored(campaign, shapes, chance=chance, priority=5, overlap=campaign.overlap)
    refresh_shares(campaign)
    return keys


@transaction.atomic
def add_selected(*, campaign: Campaign, selection: Selection) -> int:
    """Make the tasks of a selection; return how many."""
    shapes = selection.shapes(TaskType(campaign.type))
    return _add(campaign, shapes, overlap=None, priority=5, seed=selection.seed)


def _add(
    campaign: Campaign,
    shapes: Iterable[Keys],
    *,
    overlap: int | None,
    priority: int,
    seed: int | None,
) -> int:
    chance = Random(seed)  # noqa: S311  no secret: it spreads the annotators over the tasks
    wanted = campaign.overlap if overlap is None else overlap
    added = 0
    stream = iter(shapes)
    while batch := list(islice(stream, BATCH)):
        added += len(_stored(campaign, batch, chance=chance, priority=priority, overlap=wanted))
    refresh_shares(campaign)
    return added


def _stored(
    campaign: Campaign, shapes: Sequence[Keys], *, chance: Random, priority: int, overlap: int
) -> list[int]:
    """The keys of the tasks, in the order of their shapes."""
    same = {
        "campaign_id": campaign.pk,
        "priority": priority,
        "shift": SHIFTS[TaskOrder(campaign.task_order)],
        "overlap": overlap,
        "open_places": overlap,
    }
    keys = keys_for(Task, len(shapes))
    copy_in(
        Task,
        ["id", "prompt_id", "lot", *same],
        (
            (key, prompt, chance.randrange(BAND), *same.values())
            for key, (prompt, _) in zip(keys, shapes, strict=True)
        ),
    )
    copy_in(
        TaskCompletion,
        ["task_id", "completion_id", "place"],
        (
            (key, completion, place)
            for key, (_, completions) in zip(keys, shapes, strict=True)
            for place, completion in enumerate(completions)
        ),
    )
    return keys


def _checked(campaign: Campaign, items: Iterable[Shape]) -> Iterator[Keys]:
    gone: set[int] | None = None  # asked for once, where any was written anew
    for prompt, completions in items:
        _check_fit(campaign, prompt, completions)
        if prompt.parent_id is not None:
            if gone is None:
                written = campaign.workspace.prompts.written_from_archived()
                gone = set(written.values_list("pk", flat=True))
            if prompt.pk in gone:
                told = _(
                    "Prompt %(id)s was written anew from one that is archived; restore that one "
                    "first."
                )
                raise UnfitTask(told % {"id": prompt.external_id})
        yield prompt.pk, [completion.pk for completion in completions]


def tasks_of_shape(*, campaign: Campaign, shapes: Sequence[Shape]) -> list[Task]:
    """The campaign's task for each of `shapes`, made where there is none; none asks for judgments.

    For judgments that are there already: such a task starts with overlap 0 and no open place.
    """
    keys = [(prompt.pk, tuple(row.pk for row in completions)) for prompt, completions in shapes]
    known = _known_shapes(campaign, {prompt for prompt, _ in keys})
    missing = list(dict.fromkeys(key for key in keys if key not in known))
    chance = Random(campaign.pk)  # noqa: S311  nobody claims these
    made = _stored(campaign, missing, chance=chance, priority=0, overlap=0)
    rows = Task.objects.in_bulk(made)
    known.update({key: rows[pk] for key, pk in zip(missing, made, strict=True)})
    return [known[key] for key in keys]


@transaction.atomic
def copy_for_practice(*, task: Task) -> Task:
    """The task again, for practice: nobody claims it and it never counts. Made once."""
    if task.kind == TaskKind.PRACTICE:
        return task
    Campaign.objects.select_for_update(no_key=True).get(pk=task.campaign_id)  # two leads: in turn
    shape = _shape(task)
    known = task.campaign.tasks.filter(prompt=task.prompt_id, kind=TaskKind.PRACTICE)
    found = next((each for each in known.order_by("pk") if _shape(each) == shape), None)
    if found is not None:
        return found
    return copy_of(task, kind=TaskKind.PRACTICE, overlap=0)


def _shape(task: Task) -> list[int]:
    return list(task.placed.order_by("place").values_list("completion_id", flat=True))


def _known_shapes(campaign: Campaign, prompts: set[int]) -> dict[tuple[int, tuple[int, ...]], Task]:
    tasks = {task.pk: task for task in campaign.tasks.filter(prompt_id__in=prompts)}
    places: dict[int, list[int]] = defaultdict(list)
    placed = TaskCompletion.objects.filter(task_id__in=tasks).order_by("task_id", "place")
    for task, completion in placed.values_list("task_id", "completion_id"):
        places[task].append(completion)
    return {(task.prompt_id, tuple(places[key])): task for key, task in tasks.items()}


def _check_fit(campaign: Campaign, prompt: Prompt, completions: Sequence[Completion]) -> None:
    least, most = COMPLETIONS_PER_TASK[TaskType(campaign.type)]
    if not least <= len(completions) <= most:
        wanted = str(least) if least == most else f"{least}–{most}"
        told = _("A %(type)s task takes %(wanted)s completions; prompt %(id)s came with %(n)s.")
        names = {"type": campaign.type, "wanted": wanted, "id": prompt.external_id}
        raise UnfitTask(told % (names | {"n": len(completions)}))
    if prompt.workspace_id != campaign.workspace_id:
        raise UnfitTask(str(OF_ANOTHER_WORKSPACE))
    if prompt.archived_at is not None:
        told = _("Prompt %(id)s is archived; restore it first.")
        raise UnfitTask(told % {"id": prompt.external_id})
    if any(completion.prompt_id != prompt.pk for completion in completions):
        told = _("A completion answers another prompt than %(id)s.")
        raise UnfitTask(told % {"id": prompt.external_id})
