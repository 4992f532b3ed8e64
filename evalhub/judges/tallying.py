"""What became of a judge's replies: judgments, and how many were none, with why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, TypeVar
from uuid import UUID, uuid5

from evalhub.campaigns.choices import Ask, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.common.files import file_store
from evalhub.judges.asking import ToAsk, task_and_order, to_ask
from evalhub.judges.choices import OnConflict, Unread
from evalhub.judges.models import JudgePrompt, Judging
from evalhub.judges.reading import Merged, Said, Unreadable, choices_in, merged, ratings_in
from evalhub.judges.wording import answerable, compared
from evalhub.judgments.services.modelled import ModelJudgment, ModelPreference, ModelRating
from evalhub.rubrics.models import Criterion
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run
from training.contract import OVER_BUDGET

OVERALL = "overall"
Reply = str | Unread | None  # None: it was not asked for
Replies = Mapping[UUID, Mapping[int, Reply]]  # by task and order
Read = TypeVar("Read")


@dataclass
class Tally:
    """`counts`: see `as_counts`."""

    judgments: list[ModelJudgment] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)  # replies
    asked: int = 0  # replies that were asked for
    unasked: int = 0  # replies that the budget left
    left_out: int = 0  # tasks of which a reply could not be read, or was not asked for
    undecided: list[str] = field(default_factory=list)  # tasks whose orders were told apart
    pairs: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def as_counts(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "unreadable": dict(self.unread),
            "unasked": self.unasked,
            "judged": len(self.judgments),
            "left_out": self.left_out,
            "undecided": self.undecided,
            "pairs": {name: dict(each) for name, each in self.pairs.items()},
        }


def submission_of(prompt: UUID, task: UUID) -> UUID:
    """The same for a judge's prompt and a task, so that a judgment is stored once."""
    return uuid5(prompt, str(task))


def tally(judging: Judging, *, beat: Callable[[], object]) -> Tally:
    """Read every reply of the judging's run, beside those that earlier ones had heard of the same tasks."""
    replies, found = replies_of(judging.run), Tally()
    heard = half_heard(judging.prompt, judging.source, before=judging)
    names = _names(judging)
    tasks = judging.source.tasks.filter(uid__in=replies).select_related("prompt").order_by("pk")
    for item in to_ask(judging.source, list(tasks)):
        beat()
        asked = replies[item.task.uid]
        earlier = {
            nth: said for nth, said in heard.get(item.task.uid, {}).items() if nth not in asked
        }
        _add(found, judging, item, _Heard(asked, earlier), names)
    return found


def half_heard(
    prompt: JudgePrompt, source: Campaign, *, before: Judging | None = None
) -> dict[UUID, dict[int, str]]:
    """Replies that an earlier judging of a campaign had heard of tasks of which it did not ask all.

    It was cancelled, or its budget was spent, between the two orders of a pair; who goes on asks for the
    other one alone.
    """
    judgings = prompt.judgings.filter(source=source, counts__unasked__gt=0)
    if before is not None:
        judgings = judgings.filter(pk__lt=before.pk)
    found: dict[UUID, dict[int, str]] = defaultdict(dict)
    for judging in judgings.select_related("run").order_by("pk"):
        if not was_asked(judging.run):
            continue
        for task, replies in replies_of(judging.run).items():
            if None in replies.values():
                found[task] |= {nth: each for nth, each in replies.items() if is_said(each)}
    return found


def is_said(reply: Reply) -> TypeGuard[str]:
    return isinstance(reply, str) and not isinstance(reply, Unread)


def was_asked(run: Run) -> bool:
    """Whether it is still there what a run asked: an erasure deletes it."""
    return file_store().exists(run.spec["inputs"]["prompts"]["key"])


def replies_of(run: Run) -> Replies:
    """What came of each row that the run was to ask, and of no other."""
    asked = [str(row["id"]) for row in read_rows(run.spec["inputs"]["prompts"]["key"])]
    came: dict[str, Reply] = dict.fromkeys(asked, Unread.TOO_LONG if run.is_closed else None)
    for row in _rows(run, "refused.jsonl"):
        came[row["prompt"]] = None if row["why"] == OVER_BUDGET else Unread.REFUSED
    for row in _rows(run, "completions.jsonl"):
        cut = row["finish"] == "length"
        came[row["prompt"]] = Unread.CUT if cut else str(row["content"])
    found: dict[UUID, dict[int, Reply]] = defaultdict(dict)
    for row_id in asked:
        task, nth = task_and_order(row_id)
        found[task][nth] = came[row_id]
    return found


def _rows(run: Run, name: str) -> Iterable[dict[str, Any]]:
    return read_rows(run.artifacts[name]["key"]) if name in run.artifacts else ()


@dataclass(frozen=True)
class _Heard:
    """Of one task: what came of the orders that were asked, and what an earlier run had heard of others."""

    asked: Mapping[int, Reply]
    earlier: Mapping[int, str]


@dataclass(frozen=True)
class _Names:
    """The criteria that were asked, and what each is called among counts."""

    rated: Sequence[Criterion]
    compared: Sequence[Criterion]
    by_key: Mapping[int | None, str]


def _names(judging: Judging) -> _Names:
    version = judging.prompt.rubric_version
    asks = Ask.CRITERIA in judging.campaign.asks
    pairs = compared(version) if asks else []
    by_key: dict[int | None, str] = {None: OVERALL} | {each.pk: each.slug for each in pairs}
    return _Names(answerable(version), pairs, by_key)


def _add(found: Tally, judging: Judging, item: ToAsk, replies: _Heard, names: _Names) -> None:
    ratings: tuple[ModelRating, ...] = ()
    preferences: tuple[ModelPreference, ...] = ()
    if judging.source.type == TaskType.COMPARISON:
        said = _read(found, replies, lambda reply: choices_in(reply, names.compared))
        if said is not None:
            answers = _merge(found, said, judging, names)
            preferences = tuple(each.preference for each in answers if each.preference is not None)
            if not preferences:
                found.undecided.append(str(item.task.uid))
    else:
        rated = _read(found, replies, lambda reply: ratings_in(reply, names.rated))
        ratings = rated[0] if rated is not None else ()
    if ratings or preferences:
        found.judgments.append(
            ModelJudgment(
                submission_id=submission_of(judging.prompt.uid, item.task.uid),
                prompt=item.task.prompt,
                completions=item.completions,
                ratings=ratings,
                preferences=preferences,
            )
        )


def _read(found: Tally, replies: _Heard, read: Callable[[str], Read]) -> list[Read] | None:
    """Every order's answer; None where one is missing, which leaves the task out."""
    said = []
    orders = {**replies.earlier, **replies.asked}
    for nth in sorted(orders):
        reply = orders[nth]
        if reply is None:
            found.unasked += 1
            continue
        found.asked += nth in replies.asked
        try:
            if isinstance(reply, Unread):
                raise Unreadable(reply)
            said.append(read(reply))
        except Unreadable as no:
            found.unread[no.why.value] += 1
    if len(said) == len(orders):
        return said
    found.left_out += 1
    return None


def _merge(found: Tally, said: Sequence[Said], judging: Judging, names: _Names) -> list[Merged]:
    answers = merged(said[0], said[1], keeps_ties=judging.on_conflict == OnConflict.TIE)
    for each in answers:
        counted = found.pairs[names.by_key[each.criterion]]
        counted["both"] += 1
        counted["inconsistent"] += not each.is_consistent
        counted["first"] += each.leans == 1
        counted["second"] += each.leans == -1
    return answers
