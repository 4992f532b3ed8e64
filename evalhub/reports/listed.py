"""What pages list row by row, for the command: the consensus, disagreements, gold, who would be left out.

Needs numpy, for what leaving somebody out would change: the command imports this, pages never do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.gold.queries import rows_for
from evalhub.judgments.models import ExpertAnswer
from evalhub.quality import sureness
from evalhub.quality.disputes import all_disputes, told_of
from evalhub.quality.exclusions import without
from evalhub.quality.models import Consensus

Row = dict[str, Any]  # JSON


@dataclass(frozen=True)
class Listed:
    """`rows` have the fields of `head`; `about` is said of all of them together."""

    head: tuple[str, ...]
    shown: tuple[str, ...]  # of these, in a table
    about: Row
    rows: Iterator[Row]


def consensus(campaign: Campaign, *, question: str = "", below: float | None = None) -> Listed:
    """What people say together of each thing that was judged, the least sure first."""
    rows = sureness.everything(campaign, question=question, below=below)
    shown = ("task", "criterion", "said", "probability", "error", "answers", "missing")
    return Listed(sureness.HEAD, shown, _settled(campaign), rows)


def disputes(campaign: Campaign) -> Listed:
    """The tasks on which people said different things, what matters most first."""
    head = ("task", "prompt", "criterion", "is_passages", "answers", "probability", "matters")
    shown = ("task", "criterion", "answers", "probability", "matters")
    return Listed(head, shown, _settled(campaign), map(told_of, all_disputes(campaign)))


def gold(campaign: Campaign) -> Listed:
    """How many passed each gold, with Wilson's interval of 95 %."""
    golds = ExpertAnswer.objects.filter(task__campaign=campaign)
    found = rows_for(
        golds.exclude(task__kind=TaskKind.PRACTICE).select_related("task").order_by("pk")
    )
    head = ("task", "state", "shown", "passed", "n", "value", "low", "high")
    rows = (
        {
            "task": str(each.gold.task.uid),
            "state": each.state,
            "shown": each.shown,
            "passed": each.passed.part,
            "n": each.passed.n,
            "value": each.passed.value,
            "low": each.passed.low,
            "high": each.passed.high,
        }
        for each in found
    )
    return Listed(head, head, {}, rows)


def exclusion(campaign: Campaign, member: Member) -> Listed:
    """What leaving somebody out would change, question by question; nothing is changed by asking."""
    found = without(campaign, member)
    head = ("question", "rubric_version", "answers", "alone", "other")
    rows = (
        {
            "question": each.name,
            "rubric_version": each.version,
            "answers": each.answers,
            "alone": each.alone,
            "other": each.other,
        }
        for each in found.questions
    )
    about = {"member": str(member.uid), "judgments": found.judgments, "tasks": found.tasks}
    return Listed(head, head, about, rows)


def _settled(campaign: Campaign) -> Row:
    row = Consensus.objects.filter(campaign=campaign).first()
    return {"settled_at": row.settled_at.isoformat() if row else None}
