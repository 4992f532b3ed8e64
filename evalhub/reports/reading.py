"""Reading a campaign's judgments page by page, each with all that it says, in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from evalhub.campaigns.models import Campaign
from evalhub.common.rows import array_of
from evalhub.judgments.models import Judgment
from evalhub.quality.models import excluded, withdrawn
from evalhub.quality.services import Bounds
from evalhub.reports.choices import Standing

Row = tuple[Any, ...]  # of whatever psycopg makes of the columns
PAGE = 2000  # judgments that are in memory at once

# Somebody whose pseudonym is their user name or an e-mail address is told by their uid instead.
_HEADS = """
    SELECT j.id, t.id, a.permutation,
           j.uid::text, t.uid::text, t.kind, p.uid::text, p.external_id, c.slug,
           CASE WHEN m.pseudonym LIKE '%%@%%' OR lower(m.pseudonym) = lower(u.username)
                THEN 'member-' || right(m.uid::text, 12) ELSE m.pseudonym END,
           j.source,
           CASE WHEN j.withdrawn_at IS NOT NULL THEN 'withdrawn'
                WHEN j.is_extra THEN 'extra'
                WHEN later.id IS NOT NULL THEN 'superseded'
                WHEN j.source = 'human' AND j.supersedes_id IS NULL AND j.assignment_id IS NOT NULL
                     AND j.created_at > %(settled_before)s THEN 'unsettled'
                ELSE 'counted' END,
           earlier.uid::text, j.is_fix, j.is_verdict, j.saw_proposal, r.id IS NOT NULL, v.number, g.number,
           j.judged_at, j.active_ms,
           j.wall_ms, d.content, j.critique
    FROM judgments_judgment j
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    JOIN prompts_collection c ON c.id = p.collection_id
    JOIN accounts_member m ON m.id = j.member_id
    LEFT JOIN accounts_user u ON u.id = m.user_id
    LEFT JOIN campaigns_assignment a ON a.id = j.assignment_id
    LEFT JOIN rubrics_rubricversion v ON v.id = j.rubric_version_id
    LEFT JOIN campaigns_guidelines g ON g.id = j.guidelines_id
    LEFT JOIN judgments_judgment earlier ON earlier.id = j.supersedes_id
    LEFT JOIN judgments_judgment later ON later.supersedes_id = j.id AND later.id <= %(last)s
    LEFT JOIN judgments_returnedjudgment r ON r.judgment_id = j.id
    LEFT JOIN judgments_demonstration d ON d.judgment_id = j.id
    WHERE j.campaign_id = %(campaign)s AND j.id > %(after)s AND j.id <= %(last)s
    ORDER BY j.id LIMIT %(page)s
"""
HEADS = (
    "judgment", "task", "kind", "prompt", "prompt_id", "collection", "annotator", "source", "state",
    "supersedes", "is_fix", "is_verdict", "saw_proposal", "is_returned", "rubric_version", "guidelines", "judged_at",
    "active_ms", "wall_ms",
    "demonstration", "critique",
)  # fmt: skip
STATE = 3 + HEADS.index("state")

_PLACED = """
    SELECT tc.task_id, x.id, x.uid::text, l.name FROM campaigns_taskcompletion tc
    JOIN prompts_completion x ON x.id = tc.completion_id
    JOIN prompts_generation n ON n.id = x.generation_id
    JOIN registry_languagemodel l ON l.id = n.model_id
    WHERE tc.task_id = ANY(%s::bigint[]) ORDER BY tc.task_id, tc.place
"""
_SAID = {
    "ratings": """
        SELECT judgment_id, completion_id, criterion_id, turn, value, reason, comment
        FROM judgments_rating WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "preferences": """
        SELECT judgment_id, criterion_id, first_id, second_id, margin, both_bad, comment
        FROM judgments_preference WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "ranking": """
        SELECT judgment_id, completion_id, tier
        FROM judgments_rankedcompletion WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "corrections": """
        SELECT judgment_id, completion_id, content
        FROM judgments_correction WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "spans": """
        SELECT judgment_id, completion_id, start, "end", error_type, severity, evidence, document,
               document_start, document_end, note
        FROM judgments_span WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "steps": """
        SELECT judgment_id, completion_id, step, start, "end", verdict
        FROM judgments_judgedstep WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "tool_calls": """
        SELECT judgment_id, completion_id, call, right_tool, right_arguments
        FROM judgments_judgedtoolcall WHERE judgment_id = ANY(%s::bigint[]) ORDER BY id""",
    "flags": """
        SELECT j.id, f.kind, f.text FROM judgments_judgment j
        JOIN campaigns_flag f ON f.task_id = j.task_id AND f.member_id = j.member_id
        WHERE j.id = ANY(%s::bigint[]) ORDER BY f.id""",
}


@dataclass(frozen=True, slots=True)
class Shown:
    completion: int
    uid: str
    model: str


@dataclass(slots=True)
class Page:
    """Judgments by key, and what each says: `said["ratings"][key]` are its rows."""

    heads: list[Row] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)  # by state
    placed: Mapping[int, list[Shown]] = field(default_factory=dict)  # by task
    said: dict[str, Mapping[int, list[Row]]] = field(default_factory=dict)


def pages(
    campaign: Campaign, bounds: Bounds, *, after: int, everything: bool, size: int = PAGE
) -> Iterator[tuple[int, Page]]:
    """The judgments behind the key `after`, up to the bounds, each page with its last key.

    Args:
        everything: also those that do not count; else they are only counted, as left out.
    """
    while heads := _rows(_HEADS, _values(campaign, bounds, after, size)):
        after = heads[-1][0]
        yield after, _page(_with_set_aside(heads, at=bounds.now), everything=everything)


def _values(campaign: Campaign, bounds: Bounds, after: int, size: int) -> dict[str, Any]:
    return {
        "campaign": campaign.pk,
        "after": after,
        "last": bounds.last,
        "settled_before": bounds.settled_before,
        "page": size,
    }


def _with_set_aside(heads: list[Row], *, at: datetime) -> list[Row]:
    """The same, of what would count without those whose author was excluded by then, or that were withdrawn
    from data: builds and reports are made without them.
    """
    rows = Judgment.objects.filter(pk__any=[head[0] for head in heads])
    aside: dict[int, str] = {}
    for state, wanted in (
        (Standing.OUT_OF_DATA, withdrawn(at=at)),
        (Standing.EXCLUDED, excluded(at=at)),
    ):
        found = rows.filter(wanted).values_list("pk", flat=True)
        aside |= dict.fromkeys(found, state.value)
    return [
        (*head[:STATE], aside[head[0]], *head[STATE + 1 :])
        if head[STATE] == Standing.COUNTED and head[0] in aside
        else head
        for head in heads
    ]


def _page(heads: list[Row], *, everything: bool) -> Page:
    page = Page()
    for head in heads:
        if everything or head[STATE] == Standing.COUNTED:
            page.heads.append(head)
        else:
            page.left_out[head[STATE]] = page.left_out.get(head[STATE], 0) + 1
    keys = array_of(head[0] for head in page.heads)
    placed = defaultdict(list)
    for task, *shown in _rows(_PLACED, [array_of({head[1] for head in page.heads})]):
        placed[task].append(Shown(*shown))
    page.placed = placed
    for name, statement in _SAID.items():
        by_judgment = defaultdict(list)
        for row in _rows(statement, [keys]):
            by_judgment[row[0]].append(row)
        page.said[name] = by_judgment
    return page


def _rows(statement: str, values: Any) -> list[Row]:  # what psycopg can send
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Row] = cursor.fetchall()
        return rows
