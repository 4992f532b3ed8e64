"""What somebody said beside what the expert says, row by row of the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Task
from evalhub.campaigns.queries import criteria_of
from evalhub.judgments.looking import Marked, marked_in, page_of_task
from evalhub.judgments.models import ExpertAnswer, Judgment
from evalhub.judgments.sheet import Ask, Sheet, fields_from, sheet_of
from evalhub.judgments.told import answers_of


@dataclass(frozen=True)
class Said:
    """One answer in words."""

    value: str  # as the field says it; empty: not answered
    text: str
    anchor: str
    comment: str


@dataclass(frozen=True)
class Row:
    title: str
    question: str
    mine: Said
    expert: Said

    @property
    def differs(self) -> bool:
        """Where the expert left a question open, nothing differs."""
        return bool(self.expert.value) and self.mine.value != self.expert.value


@dataclass(frozen=True)
class Text:
    title: str
    mine: str
    expert: str


@dataclass(frozen=True)
class Beside:
    """Two sets of answers to one task."""

    rows: list[Row]
    texts: list[Text]
    mine_marked: list[Marked]
    expert_marked: list[Marked]
    reason: str  # the expert's, Markdown

    @property
    def asked(self) -> int:
        return sum(bool(row.expert.value) for row in self.rows)

    @property
    def same(self) -> int:
        return self.asked - sum(row.differs for row in self.rows)


def beside_the_expert(judgment: Judgment, *, gold: Task | None = None) -> Beside | None:
    """A judgment of a gold task beside the expert's answer, as its member saw the responses.

    Not while they could still withdraw it, and answer after having read.

    Args:
        gold: the task that the expert answered, where the judgment's is a copy of it.
    """
    answered = gold or judgment.task
    if answered.kind != TaskKind.GOLD or not judgment.is_settled:
        return None
    expert = ExpertAnswer.objects.filter(task=answered.pk).first()
    if expert is None:
        return None
    order = list(judgment.assignment.permutation) if judgment.assignment else None
    return beside(judgment.task, answers_of(judgment), expert, order=order)


def beside(
    task: Task,
    answers: Mapping[str, Any],
    expert: ExpertAnswer,
    *,
    order: Sequence[int] | None = None,
) -> Beside:
    """`answers` beside the expert's, both in terms of what was shown in `order`."""
    theirs = expert.answers if order is None else as_shown(expert.answers, order)
    page = page_of_task(task, {}, order=order)
    mine_sheet, expert_sheet = (sheet_for(page, answers), sheet_for(page, theirs))
    return Beside(
        rows=[
            Row(mine.title, mine.question, said_in(mine), said_in(other))
            for mine, other in zip(mine_sheet.asks, expert_sheet.asks, strict=True)
        ],
        texts=[
            Text(mine.title, mine.value, other.value)
            for mine, other in zip(mine_sheet.texts, expert_sheet.texts, strict=True)
            if mine.value or other.value
        ],
        mine_marked=marked_in(page, answers.get("spans") or []),
        expert_marked=marked_in(page, theirs.get("spans") or []),
        reason=expert.reason,
    )


def as_shown(answers: Mapping[str, Any], order: Sequence[int]) -> dict[str, Any]:
    """Answers in the task's own order, relabelled: `order[i]` is the place shown as the i-th."""
    labels: dict[Any, Any] = {
        ascii_uppercase[place]: ascii_uppercase[nth] for nth, place in enumerate(order)
    }
    found: dict[str, Any] = dict(answers)
    for name in ("ratings", "corrections", "spans", "steps", "tool_calls"):
        rows = answers.get(name) or []
        found[name] = [
            row | {"response": labels.get(row["response"], row["response"])} for row in rows
        ]
    found["preferences"] = [
        row | {"choice": labels.get(row["choice"], row["choice"])}
        for row in answers.get("preferences") or []
    ]
    ranking = answers.get("ranking") or []
    found["ranking"] = [sorted(labels.get(each, each) for each in tier) for tier in ranking]
    return found


def sheet_for(page: Mapping[str, Any], answers: Mapping[str, Any]) -> Sheet:
    """The form of the task on `page` (see page_of_task), filled with `answers`."""
    campaign = page["campaign"]
    return sheet_of(
        campaign,
        criteria_of(campaign.rubric_version_id),
        conversation=page["conversation"],
        responses=page["responses"],
        typed=fields_from(answers, preference_steps=campaign.preference_steps),
    )


def said_in(ask: Ask) -> Said:
    """What a row of a filled form says."""
    chosen = next((option.value for option in ask.options if option.is_chosen), "")
    typed = ask.typed.value if ask.typed else ""
    return _said(ask, chosen, typed, ask.comment.value if ask.comment else "")


def said_by(ask: Ask, fields: Mapping[str, str]) -> Said:
    """The same of an empty row and the form's fields."""
    typed = fields.get(ask.typed.name, "") if ask.typed else ""
    comment = fields.get(ask.comment.name, "") if ask.comment else ""
    return _said(ask, fields.get(ask.name, ""), typed, comment)


def _said(ask: Ask, chosen: str, typed: str, comment: str) -> Said:
    option = next((option for option in ask.options if option.value == chosen), None)
    if option is None and typed:
        return Said(typed, typed, "", comment)
    if option is None:
        return Said("", "–", "", comment)
    return Said(option.value, option.text, option.anchor, comment)
