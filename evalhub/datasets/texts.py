"""The texts behind evidence: the prompts, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection
from msgspec import Struct

from evalhub.common.rows import array_of
from evalhub.datasets.gone import IS_GONE
from evalhub.datasets.rows import Answer
from evalhub.prompts.tools import TITLE, tools_of
from evalhub.quality.evidence import Evidence

_PROMPTS = f"""
    SELECT p.id, p.uid::text, p.messages::text, {IS_GONE}, g.split,
           coalesce(root.uid, g.uid)::text, p.reference, c.slug, p.slices::text, c.is_red_team,
           jsonb_path_query_first(p.documents, '$[*] ? (@.title == "{TITLE}").text') #>> '{{}}'
    FROM prompts_prompt p
    JOIN prompts_collection c ON c.id = p.collection_id
    JOIN prompts_promptgroup g ON g.id = p.group_id
    LEFT JOIN prompts_promptgroup root ON root.id = g.merged_into_id
    WHERE p.id = ANY(%s::bigint[])
"""  # noqa: S608  a constant
ANSWER = """c.content, c.uid::text,
    CASE WHEN jsonb_array_length(c.tool_calls) > 0 THEN c.tool_calls::text ELSE '' END, c.finish
"""  # the columns of an Answer
_ANSWERS = f"SELECT c.id, {ANSWER} FROM prompts_completion c WHERE c.id = ANY(%s::bigint[])"  # noqa: S608  constants

_NAMED = f"SELECT c.uid::text, {ANSWER} FROM prompts_completion c WHERE c.uid = ANY(%s::uuid[])"  # noqa: S608  constants


class Asked(Struct, frozen=True):
    """A prompt as far as rows need it."""

    uid: str
    messages: list[dict[str, Any]]
    is_archived: bool  # itself, or what it was written anew from; or withdrawn
    split: str
    group: str  # uid of the group that its own has joined, or of its own
    reference: str | None
    collection: str  # slug
    slices: str  # JSON, which few builds read
    is_red_team: bool
    tools_text: str | None = None  # of its document “Tools”

    @property
    def tools(self) -> str:
        """The tools that it declares, as JSON of a list, or ""."""
        return tools_of(self.tools_text)


def asked_in(keys: Iterable[int]) -> dict[int, Asked]:
    """The prompts with these keys."""
    return {
        key: Asked(uid, msgspec.json.decode(messages), *rest)
        for key, uid, messages, *rest in _rows(_PROMPTS, keys)
    }


def answers_in(evidence: Iterable[Evidence]) -> dict[int, Answer]:
    """Every completion that somebody said something about, by key."""
    wanted: set[int] = set()
    for each in evidence:
        for first, second, _ in (*each.votes, *each.rankings):
            wanted.update((first, second))
        wanted.update(completion for completion, _ in each.marks)
        wanted.update(each.steps)
        wanted.update(corrected.completion for corrected in each.corrections)
    return {key: Answer(*rest) for key, *rest in _rows(_ANSWERS, wanted)}


def answers_named(uids: Iterable[str]) -> dict[str, Answer]:
    """The completions with these uids, as they came."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [sorted(uids)])
        return {uid: Answer(*rest) for uid, *rest in cursor.fetchall()}


def _rows(statement: str, keys: Iterable[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [array_of(keys)])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
