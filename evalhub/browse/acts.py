"""What can be done with many rows at once: each act is one of the lower apps' services, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evalhub.accounts.access import Act as Right
from evalhub.accounts.models import Member
from evalhub.browse.choices import Kind
from evalhub.browse.errors import UnfitAct
from evalhub.campaigns.models import Task
from evalhub.campaigns.services.archiving import archive_task, restore_task
from evalhub.campaigns.services.steering import raise_overlap, reserve, set_priority
from evalhub.common.errors import DomainError
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.expert import gold_from_judgment
from evalhub.judgments.services.returns import return_judgment
from evalhub.prompts.services.archive import archive_prompt, restore_prompt

Arguments = Mapping[str, str]
Apply = Callable[[Any, Arguments, Member], bool]  # a row of any kind; False: it was so already
MOST_REASONS = 5


@dataclass(frozen=True)
class Act:
    label: Any  # a lazy translation
    needs: tuple[str, ...]  # names of fields
    apply: Apply
    right: Right = "lead"
    parts: tuple[str, ...] = ()  # of the row, read along with it


@dataclass
class Outcome:
    changed: int = 0
    same: int = 0  # were so already
    refused: Counter[str] = field(default_factory=Counter)  # by the reason, for a person

    def told(self) -> dict[str, Any]:
        reasons = dict(self.refused.most_common(MOST_REASONS))
        return {"changed": self.changed, "same": self.same, "refused": reasons}


def act_named(kind: Kind, name: str) -> Act:
    act = ACTS[kind].get(name)
    if act is None:
        raise UnfitAct(_("There is no such act for these rows."), field="act")
    return act


def apply_to(
    rows: Iterable[Any], act: Act, arguments: Arguments, by: Member, outcome: Outcome
) -> None:
    """Do it to each row; one that refuses does not keep the others from it."""
    for row in rows:
        try:
            with transaction.atomic():
                is_changed = act.apply(row, arguments, by)
        except DomainError as error:
            outcome.refused[str(error)] += 1
        else:
            outcome.changed += is_changed
            outcome.same += not is_changed


def _archive(row: Any, _: Arguments, by: Member) -> bool:
    return archive_prompt(prompt=row, by=by)


def _restore(row: Any, _: Arguments, by: Member) -> bool:
    return restore_prompt(prompt=row, by=by)


def _archive_task(task: Task, _: Arguments, by: Member) -> bool:
    return archive_task(task=task, by=by)


def _restore_task(task: Task, _: Arguments, by: Member) -> bool:
    return restore_task(task=task, by=by)


def _prioritise(task: Task, given: Arguments, by: Member) -> bool:
    wanted = int(given["priority"])
    is_new = task.priority != wanted
    if is_new:
        set_priority(task=task, priority=wanted, by=by)
    return is_new


def _raise(task: Task, given: Arguments, by: Member) -> bool:
    wanted = int(given["overlap"])
    is_new = task.overlap != wanted
    if is_new:
        raise_overlap(task=task, overlap=wanted, by=by)
    return is_new


def _reserve(task: Task, given: Arguments, by: Member) -> bool:
    named = by.workspace.members.active().filter(uid=given["member"])
    reserve(task=task, members=list(named), by=by)
    return True


def _return(judgment: Judgment, given: Arguments, by: Member) -> bool:
    return_judgment(judgment=judgment, reason=given["reason"], by=by)
    return True


def _make_gold(judgment: Judgment, given: Arguments, by: Member) -> bool:
    gold_from_judgment(judgment=judgment, reason=given["reason"], by=by)
    return True


_OF_TASK = ("campaign__workspace",)
_OF_JUDGMENT = ("assignment", "campaign", "task__campaign__workspace", "workspace")
ACTS: dict[Kind, dict[str, Act]] = {
    Kind.PROMPTS: {
        "archive": Act(gettext_lazy("Archive"), (), _archive),
        "restore": Act(gettext_lazy("Restore"), (), _restore),
    },
    Kind.COMPLETIONS: {},
    Kind.TASKS: {
        "priority": Act(
            gettext_lazy("Set the priority"), ("priority",), _prioritise, parts=_OF_TASK
        ),
        "overlap": Act(
            gettext_lazy("Ask for more judgments"), ("overlap",), _raise, parts=_OF_TASK
        ),
        "reserve": Act(gettext_lazy("Assign to a person"), ("member",), _reserve, parts=_OF_TASK),
        "archive": Act(gettext_lazy("Archive"), (), _archive_task, parts=_OF_TASK),
        "restore": Act(gettext_lazy("Restore"), (), _restore_task, parts=_OF_TASK),
    },
    Kind.JUDGMENTS: {
        "return": Act(
            gettext_lazy("Hand back"), ("reason",), _return, right="review", parts=_OF_JUDGMENT
        ),
        "gold": Act(gettext_lazy("Make gold"), ("reason",), _make_gold, parts=_OF_JUDGMENT),
    },
}
