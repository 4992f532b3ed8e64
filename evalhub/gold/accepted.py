"""What passes a gold, question by question, as the lead's page shows and changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.campaigns.queries import criteria_of
from evalhub.gold.models import GoldVerdict
from evalhub.gold.queries import rule_of
from evalhub.gold.rule import COUNTED, Rule, checks_of
from evalhub.judgments.comparing import sheet_for
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.sheet.fields import CANNOT_TELL


@dataclass(frozen=True)
class Choice:
    value: str
    text: str
    anchor: str
    is_expert: bool
    passes: bool  # by the rule as it stands
    is_also: bool  # because the lead said so


@dataclass(frozen=True)
class Accepted:
    """A question that counts, and what passes."""

    name: str
    title: str
    question: str
    choices: list[Choice]


def accepted_by(gold: ExpertAnswer, page: Mapping[str, Any]) -> list[Accepted]:
    """The questions that the expert answered; `page` is the task's page_of_task."""
    campaign = gold.task.campaign
    rule = rule_of(gold, preference_steps=campaign.preference_steps)
    criteria = {each.slug: each for each in criteria_of(campaign.rubric_version_id)}
    return [
        Accepted(ask.name, ask.title, ask.question, _choices(ask, rule, criteria))
        for ask in sheet_for(page, gold.answers).asks
        if counts(ask.name, rule)
    ]


def counts(name: str, rule: Rule) -> bool:
    right = rule.expert.get(name)
    return name.partition(".")[0] in COUNTED and right not in (None, CANNOT_TELL)


def _choices(ask: Any, rule: Rule, criteria: Mapping[str, Any]) -> list[Choice]:
    right = rule.expert[ask.name]
    rows = [(each.value, each.text, each.anchor) for each in ask.options]
    rows = rows or [(right, right, "")]
    one = Rule({ask.name: right}, rule.tolerance, rule.also, rule.cannot_tell_fails)
    return [
        Choice(
            value=value,
            text=text,
            anchor=anchor,
            is_expert=value == right,
            passes=any(check.passed for check in checks_of({ask.name: value}, one, criteria)),
            is_also=value in rule.also.get(ask.name, ()),
        )
        for value, text, anchor in rows
        if value != CANNOT_TELL
    ]


def also_from(given: Mapping[str, Sequence[str]], rows: Sequence[Accepted]) -> dict[str, list[str]]:
    """What the lead's form says passes besides: known values of known questions only."""
    found = {}
    for row in rows:
        known = {choice.value for choice in row.choices if not choice.is_expert}
        found[row.name] = [value for value in given.get(row.name, ()) if value in known]
    return {name: values for name, values in found.items() if values}


def failed_in(verdict: GoldVerdict) -> list[str]:
    return [check["name"] for check in verdict.checks if not check["passed"]]
