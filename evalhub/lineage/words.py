"""Where a person's words stand, table by table: what an erasure overwrites and what it drops.

Each text column of the database stands in one of these lists; tests/evalhub/lineage/test_words.py
fails when a new one stands in none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from evalhub.accounts.models import ApiToken, Member
from evalhub.browse.models import SavedView
from evalhub.campaigns.models import Assignment, Draft, Flag
from evalhub.common.erased import TOMBSTONE
from evalhub.evaluation.models import HumanTrial
from evalhub.gold.models import Appeal
from evalhub.judgments.models import (
    Correction,
    Demonstration,
    DeskSettings,
    ExpertAnswer,
    Judgment,
    Preference,
    Rating,
    ReturnedJudgment,
    Span,
)
from evalhub.notifications.models import Notification
from evalhub.prompts.models import Completion
from evalhub.quality.models import Adjudication, Exclusion, Reinstatement, Withdrawal
from evalhub.runs.models import RunNote

Rows = QuerySet[Any]  # of any table: what it is, is known only at run time


@dataclass(frozen=True)
class Place:
    """Rows of `model` that are a member's by one of the paths `of`, and their words."""

    model: type[models.Model]
    of: tuple[str, ...]
    texts: tuple[str, ...] = ()
    structured: tuple[str, ...] = ()  # JSON, of which only what is written in words goes

    @property
    def name(self) -> str:
        return f"{self.model._meta.label_lower}.{'+'.join(self.texts + self.structured)}"

    def rows_of(self, member: Member) -> Rows:
        mine = reduce(or_, (Q((path, member)) for path in self.of))
        said = reduce(or_, (~Q((name, "")) & ~Q((name, TOMBSTONE)) for name in self.texts), Q())
        return self.model._default_manager.filter(mine).filter(said)


# A reviewer's fix takes over what its assignment's member wrote: both are theirs
SAID = ("member", "assignment__member")
APPEALED = ("verdict__member", "part__attempt__member")
OF_JUDGMENT = ("judgment__member", "judgment__assignment__member")

OVERWRITTEN = (
    Place(Judgment, SAID, ("critique",)),
    Place(Rating, OF_JUDGMENT, ("comment",)),
    Place(Preference, OF_JUDGMENT, ("comment",)),
    Place(Correction, OF_JUDGMENT, ("content",)),
    Place(Demonstration, OF_JUDGMENT, ("content",)),
    Place(Span, OF_JUDGMENT, ("note",)),
    Place(Completion, ("written_by",), ("content",)),
    Place(
        ExpertAnswer,
        ("written_by", "source__member", "source__assignment__member"),
        ("reason",),
        ("answers",),
    ),
    Place(ReturnedJudgment, ("returned_by", *OF_JUDGMENT), ("reason",)),
    Place(Assignment, ("member",), ("skip_note",)),
    Place(Flag, ("member",), ("text",)),
    Place(Flag, ("answered_by", "member"), ("answer",)),
    Place(Appeal, APPEALED, ("reason",)),
    Place(Appeal, ("decided_by", *APPEALED), ("answer",)),
    Place(Adjudication, ("judgment__member",), ("note",)),
    Place(Exclusion, ("member", "excluded_by"), ("reason",)),
    Place(Withdrawal, ("member", "withdrawn_by", "judgment__member"), ("reason",)),
    Place(Reinstatement, ("withdrawal__member", "reinstated_by"), ("reason",)),
    Place(ApiToken, ("member",), ("name",)),
    Place(RunNote, ("member",), ("text",)),
    Place(HumanTrial, ("ended_by",), ("because",)),
)

DROPPED: tuple[tuple[type[models.Model], str], ...] = (
    (Draft, "assignment__member"),
    (SavedView, "member"),
    (DeskSettings, "member"),
    (Notification, "member"),
)

WRITTEN = {"critique", "comment", "content", "note", "reason", "text", "answer"}
NAMED = WRITTEN | {"name", "title", "email", "pseudonym", "filename", "username"}


def without_words(value: Any, keys: set[str] = WRITTEN) -> Any:  # JSON of any shape
    """The same with a tombstone for each text under one of `keys`."""
    if isinstance(value, dict):
        return {
            name: TOMBSTONE
            if name in keys and isinstance(each, str) and each
            else without_words(each, keys)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [without_words(each, keys) for each in value]
    return value


def with_texts(value: Any, change: Callable[[str], str]) -> Any:  # JSON of any shape
    """The same with every text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: with_texts(each, change) for name, each in value.items()}
    return [with_texts(each, change) for each in value] if isinstance(value, list) else value


def texts_in(value: Any) -> list[str]:  # JSON of any shape
    """Every text of a JSON value, keys aside."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in texts_in(part)]
