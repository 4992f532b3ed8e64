"""Tasks as a judge reads them. What others wrote stands between markers that they cannot know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign, Task, TaskCompletion
from evalhub.campaigns.queries import beside_of, mask_of, masked_turns
from evalhub.common.canonical import sha256_of
from evalhub.prompts.models import Completion

MARK_LENGTH = 16  # hex digits
LABELS = "AB"
BATCH = 500  # tasks


@dataclass(frozen=True)
class ToAsk:
    """One task with its completions in their order; conversation and texts as people are shown them."""

    task: Task
    conversation: list[dict[str, Any]]
    completions: tuple[Completion, ...]
    texts: tuple[str, ...]


def orders_of(type_: str) -> tuple[tuple[int, ...], ...]:
    """In which orders a task's responses are shown: each of a pair stands first once."""
    return ((0, 1), (1, 0)) if type_ == TaskType.COMPARISON else ((0,),)


def to_ask(campaign: Campaign, tasks: Sequence[Task]) -> Iterator[ToAsk]:
    """The tasks with what they show, a batch at a time."""
    for at in range(0, len(tasks), BATCH):
        batch = tasks[at : at + BATCH]
        placed = TaskCompletion.objects.filter(task__in=batch).select_related("completion")
        by_task: dict[int, list[Completion]] = defaultdict(list)
        for each in placed.order_by("task", "place"):
            by_task[each.task_id].append(each.completion)
        mask = mask_of(campaign.workspace_id) if campaign.masks_identity else None
        for task in batch:
            conversation, completions = task.prompt.messages, tuple(by_task[task.pk])
            texts = tuple(each.content for each in completions)
            if mask:
                conversation, texts = masked_turns(conversation, mask), tuple(map(mask, texts))
            yield ToAsk(task, conversation, completions, texts)


def id_of(task: UUID, nth: int) -> str:
    """Of a row: the task, and which of its orders."""
    return f"{task} {nth}"


def task_and_order(row_id: str) -> tuple[UUID, int]:
    task, nth = row_id.split(" ")
    return UUID(task), int(nth)


def rows_of(
    items: Iterable[ToAsk],
    told: str,
    *,
    campaign: Campaign,
    salt: str,
    has_system: bool,
    heard: Mapping[UUID, Collection[int]],
) -> Iterator[dict[str, Any]]:
    """A row for the recipe generate per task and order.

    Args:
        salt: of the markers; whoever wrote a response does not know it.
        heard: orders of a task that were answered before and are not asked again.
        has_system: whether the model takes a system turn; else all is said in one turn.
    """
    for item in items:
        for nth, order in enumerate(orders_of(campaign.type)):
            if nth in heard.get(item.task.uid, ()):
                continue
            asked = _task(item, [item.texts[place] for place in order], campaign, salt)
            turns = [{"role": "user", "content": asked}]
            if has_system:
                turns.insert(0, {"role": "system", "content": told})
            else:
                turns[0]["content"] = f"{told}\n\n{asked}"
            yield {"id": id_of(item.task.uid, nth), "prompt": turns}


def _task(item: ToAsk, texts: Sequence[str], campaign: Campaign, salt: str) -> str:
    prompt = item.task.prompt
    parts = [("CONVERSATION", _conversation(item.conversation))]
    beside = beside_of(prompt, campaign.asks)
    parts += [(f"SOURCE {each.number + 1}", each.text) for each in beside.documents]
    if beside.reference:
        parts.append(("REFERENCE ANSWER", beside.reference))
    if campaign.type == TaskType.COMPARISON:
        parts += [(f"RESPONSE {label}", text) for label, text in zip(LABELS, texts, strict=True)]
    else:
        parts.append(("RESPONSE", texts[0]))
    mark = _mark(f"{salt}:{item.task.uid}", [text for _, text in parts])
    lines = [f"This task’s word is {mark}."]
    for name, text in parts:
        lines += ["", f"=== {mark} {name} BEGINS ===", text, f"=== {mark} {name} ENDS ==="]
    lines += ["", f"{mark}: that is all of the task. Give your verdict as the JSON object."]
    return "\n".join(lines)


def _conversation(messages: Iterable[dict[str, Any]]) -> str:
    return "\n\n".join(f"[{turn['role']}]\n{turn.get('content') or ''}" for turn in messages)


def _mark(seed: str, texts: Sequence[str]) -> str:
    """A word that stands in none of `texts`, the same for the same seed."""
    tried = 0
    while any((mark := sha256_of(f"{seed}:{tried}")[:MARK_LENGTH]) in text for text in texts):
        tried += 1
    return mark
