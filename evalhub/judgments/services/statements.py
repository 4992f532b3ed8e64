"""The two statements by which a judgment is stored, whole or not at all.

One round trip instead of seven: the judgment, its answers, the end of the lease, the task's count
and the news. `stored` is the judgment's row; without a lease to end (`submit_statement`) or a
judgment to supersede (`revise_statement`) it is empty, and nothing is stored. A statement names
only the tables that this judgment has rows for: most need two of eight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from uuid import uuid4

from evalhub.campaigns.services.statements import LEASE, Ways, next_steps
from evalhub.common.rows import array_of
from evalhub.judgments.question import Findings


class Table(NamedTuple):
    """Where one kind of answer goes: a column and its type for each place of a found row."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: Callable[[Findings], list[Any]]  # tuples of as many values, or bare values


TABLES = {
    "rated": Table(
        "judgments_rating",
        (
            ("completion_id", "bigint"),
            ("criterion_id", "bigint"),
            ("turn", "smallint"),
            ("value", "smallint"),
            ("reason", "text"),
            ("comment", "text"),
        ),
        lambda found: found.ratings,
    ),
    "preferred": Table(
        "judgments_preference",
        (
            ("criterion_id", "bigint"),
            ("first_id", "bigint"),
            ("second_id", "bigint"),
            ("margin", "smallint"),
            ("both_bad", "boolean"),
            ("comment", "text"),
        ),
        lambda found: found.preferences,
    ),
    "ranked": Table(
        "judgments_rankedcompletion",
        (("completion_id", "bigint"), ("tier", "smallint")),
        lambda found: found.ranking,
    ),
    "corrected": Table(
        "judgments_correction",
        (("completion_id", "bigint"), ("content", "text")),
        lambda found: found.corrections,
    ),
    "marked": Table(
        "judgments_span",
        (
            ("completion_id", "bigint"),
            ('"start"', "integer"),
            ('"end"', "integer"),
            ("error_type", "text"),
            ("severity", "text"),
            ("evidence", "text"),
            ("document", "smallint"),
            ("document_start", "integer"),
            ("document_end", "integer"),
            ("note", "text"),
        ),
        lambda found: found.spans,
    ),
    "stepped": Table(
        "judgments_judgedstep",
        (
            ("completion_id", "bigint"),
            ("step", "smallint"),
            ('"start"', "integer"),
            ('"end"', "integer"),
            ("verdict", "text"),
        ),
        lambda found: found.steps,
    ),
    "called": Table(
        "judgments_judgedtoolcall",
        (
            ("completion_id", "bigint"),
            ("call", "smallint"),
            ("right_tool", "boolean"),
            ("right_arguments", "boolean"),
        ),
        lambda found: found.tool_calls,
    ),
    "demonstrated": Table(
        "judgments_demonstration",
        (("content", "text"),),
        lambda found: [(text,) for text in found.demonstration],
    ),
}


def tables_of(findings: Findings) -> tuple[str, ...]:
    """The keys of `TABLES` that the findings have rows for."""
    return tuple(key for key, table in TABLES.items() if table.rows(findings))


def columns_of(findings: Findings) -> dict[str, str]:
    """What every statement takes: two new ids, and one array per column, as `unnest` reads it.

    PostgreSQL would draw the ids too, by opening /dev/urandom for each.
    """
    values = {"uid": str(uuid4()), "news": str(uuid4())}
    for key in tables_of(findings):
        for nth, column in enumerate(zip(*TABLES[key].rows(findings), strict=True)):
            values[f"{key}_{nth}"] = array_of(column)
    return values


def _insert(key: str) -> str:
    table = TABLES[key]
    names = ", ".join(name for name, _ in table.columns)
    arrays = ", ".join(
        f"%({key}_{nth})s::{type_}[]" for nth, (_, type_) in enumerate(table.columns)
    )
    return f""", {key} AS (
        INSERT INTO {table.name} (judgment_id, {names})
        SELECT stored.id, given.* FROM stored, unnest({arrays}) AS given
    )"""  # noqa: S608  constants only


# The news rings no bell: the sweep brings it within seconds, and a message to the broker for each
# judgment would cost more than the judgment. It is due when the judgment can be withdrawn no more.
_TOLD = """, told AS (
        INSERT INTO jobs_news (uid, created_at, due_at, topic, subject_uid, body, tries)
        SELECT %(news)s::uuid, now(), now() + make_interval(secs => %(undo)s),
               'judgment.counted', stored.uid, '{}', 0 FROM stored
    )"""

_COLUMNS = """uid, created_at, judged_at, workspace_id, campaign_id, task_id, member_id,
            assignment_id, source, submission_id, body_digest, active_ms, critique, external_id,
            guidelines_id, rubric_version_id, wall_ms"""


@cache
def submit_statement(tables: tuple[str, ...]) -> str:
    """End the lease and store the judgment with the answers of `tables`."""
    return f"WITH {_submit_steps(tables, _COUNTED)} SELECT stored.uid FROM stored"  # noqa: S608


@cache
def submit_and_lend_statement(tables: tuple[str, ...], ways: Ways) -> str:
    """The same, and lend the next task: behind the judgment's uid stand the columns of a lease."""
    return f"""
    WITH {_submit_steps(tables, _COUNTED_SOON)}, {next_steps(ways)}
    SELECT stored.uid, lease.* FROM stored LEFT JOIN ({LEASE}) AS lease ON true
    """  # noqa: S608  constants only


_COUNTED = """
        UPDATE campaigns_task t SET judged = judged + 1 FROM ended WHERE t.id = ended.task_id
"""
_COUNTED_SOON = """
        SELECT t.id FROM campaigns_task t JOIN ended ON t.id = ended.task_id FOR NO KEY UPDATE OF t
"""


def _submit_steps(tables: tuple[str, ...], counted: str) -> str:
    return f"""ended AS (
        UPDATE campaigns_assignment SET state = 'submitted', ended_at = now()
        WHERE id = %(assignment)s AND member_id = %(member)s AND token = %(token)s
          AND state = 'held' AND expires_at > now()
        RETURNING id, task_id, campaign_id, member_id, claimed_at
    ), counted AS ({counted}
    ), undrafted AS (
        DELETE FROM campaigns_draft d USING ended WHERE d.assignment_id = ended.id
    ), stored AS (
        INSERT INTO judgments_judgment ({_COLUMNS})
        SELECT %(uid)s::uuid, now(), now(), %(workspace)s, ended.campaign_id,
            ended.task_id, ended.member_id, ended.id, %(source)s, %(submission)s, %(digest)s,
            %(active_ms)s::integer, %(critique)s, '', %(guidelines)s::bigint, %(wording)s::bigint,
            (extract(epoch FROM now() - ended.claimed_at) * 1000)::bigint
        FROM ended
        RETURNING id, uid
    ){"".join(map(_insert, tables))}{_TOLD}"""  # noqa: S608  constants only


@cache
def revise_statement(tables: tuple[str, ...]) -> str:
    """Store a judgment, with the answers of `tables`, that supersedes another."""
    return f"""
    WITH stored AS (
        INSERT INTO judgments_judgment ({_COLUMNS}, supersedes_id, is_extra, saw_proposal)
        SELECT %(uid)s::uuid, now(), now(), was.workspace_id, was.campaign_id,
            was.task_id, was.member_id, was.assignment_id, was.source, %(submission)s, %(digest)s,
            %(active_ms)s::integer, %(critique)s, '', %(guidelines)s::bigint, was.rubric_version_id,
            NULL, was.id,
            was.is_extra, was.saw_proposal
        FROM judgments_judgment was WHERE was.id = %(supersedes)s AND was.withdrawn_at IS NULL
        FOR NO KEY UPDATE
        RETURNING id, uid
    ){"".join(map(_insert, tables))}{_TOLD}
    SELECT stored.id FROM stored
    """  # noqa: S608  constants only


@cache
def extra_statement(tables: tuple[str, ...]) -> str:
    """Store work whose place is gone, with the answers of `tables`, apart from k.

    Nobody is told: nothing downstream counts it.
    """
    return f"""
    WITH ended AS (
        UPDATE campaigns_assignment a SET state = 'extra', ended_at = now()
        FROM campaigns_task t, campaigns_campaign c
        WHERE a.id = %(assignment)s AND a.member_id = %(member)s
          AND a.state IN ('released', 'expired') AND t.id = a.task_id AND c.id = a.campaign_id
          AND c.allows_extra AND (t.open_places = 0 OR c.state <> 'open')
        RETURNING a.id, a.task_id, a.campaign_id, a.member_id
    ), undrafted AS (
        DELETE FROM campaigns_draft d USING ended WHERE d.assignment_id = ended.id
    ), stored AS (
        INSERT INTO judgments_judgment ({_COLUMNS}, is_extra)
        SELECT %(uid)s::uuid, now(), now(), %(workspace)s, ended.campaign_id,
            ended.task_id, ended.member_id, ended.id, %(source)s, %(submission)s, %(digest)s,
            %(active_ms)s::integer, %(critique)s, '', %(guidelines)s::bigint, %(wording)s::bigint,
            NULL, true
        FROM ended
        RETURNING id, uid
    ){"".join(map(_insert, tables))}
    SELECT stored.id FROM stored
    """  # noqa: S608  constants only
