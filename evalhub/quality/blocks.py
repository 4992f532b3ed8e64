"""What was said in a scope, block by block of prompts: memory holds one block, however many there are.

Each table is read once, in the order of the prompts, by a cursor that PostgreSQL keeps on disk. A block
comes as arrays in its binary form, so that Python sees a few values for some twenty thousand judgments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, LiteralString

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evalhub.common.erased import TOMBSTONE
from evalhub.judgments.choices import StepVerdict
from evalhub.quality.scope import Scope
from evalhub.rubrics.models import ScaleKind

Ints = NDArray[np.int64]
Words = NDArray[np.str_]
Report = Callable[[int, int], object]  # judgments done, and in all

PROMPTS = 4096  # keys of prompts to a block
MISSING = -(2**40)  # a value that was not given
TEXTS = 200  # texts fetched at a time

_SCOPE = """
    CREATE TEMPORARY TABLE {scope} AS
    SELECT id, uid, judged_at, prompt_id, prompt_id / {prompts} AS block
    FROM ({judgments}) AS judged (id, uid, judged_at, prompt_id) ORDER BY 5, 4, 1
"""
_NUMBERS = {
    "preferences": (
        """
        SELECT s.block, s.prompt_id, s.id, r.first_id, r.second_id,
               coalesce(r.criterion_id, 0)::bigint, r.margin::bigint, r.both_bad::int::bigint
        FROM {scope} s JOIN judgments_preference r ON r.judgment_id = s.id
        ORDER BY 1, 2, 3, r.id
    """,
        7,
    ),
    "rankings": (
        """
        SELECT s.block, s.prompt_id, s.id, r.completion_id, r.tier::bigint
        FROM {scope} s JOIN judgments_rankedcompletion r ON r.judgment_id = s.id
        ORDER BY 1, 2, 3, 5, 4
    """,
        4,
    ),
    "ratings": (
        """
        SELECT s.block, s.prompt_id, s.id, coalesce(r.completion_id, 0), r.criterion_id::bigint,
               coalesce(r.value, {missing})::bigint
        FROM {scope} s JOIN judgments_rating r ON r.judgment_id = s.id
        WHERE r.turn IS NULL
          AND r.criterion_id NOT IN (SELECT id FROM rubrics_criterion WHERE kind = '{words}')
        ORDER BY 1, 2, 3, r.id
    """,
        5,
    ),
    "steps": (
        """
        SELECT s.block, s.prompt_id, s.id, r.completion_id, count(*)::bigint,
               coalesce(min(r.step) FILTER (WHERE r.verdict <> '{right}'), count(*))::bigint
        FROM {scope} s JOIN judgments_judgedstep r ON r.judgment_id = s.id
        GROUP BY 1, 2, 3, 4
        ORDER BY 1, 2, 3, 4
    """,
        5,
    ),
}  # with their columns behind the block
_JUDGMENTS = "SELECT block, prompt_id, id, uid FROM {scope} ORDER BY 1, 2, 3"
_WRITTEN = {
    "corrections": """
        SELECT s.block, s.prompt_id, s.uid, r.completion_id, r.content, s.judged_at
        FROM {scope} s JOIN judgments_correction r ON r.judgment_id = s.id
        WHERE r.content <> '{erased}'
        ORDER BY 1, 2, s.id, r.completion_id
    """,
    "demonstrations": """
        SELECT s.block, s.prompt_id, s.uid, 0::bigint, r.content, s.judged_at
        FROM {scope} s JOIN judgments_demonstration r ON r.judgment_id = s.id
        WHERE r.content <> '{erased}'
        ORDER BY 1, 2, s.id
    """,
}

_nth = count()


@dataclass(frozen=True)
class WrittenText:
    prompt: int
    judgment: str  # uid
    completion: int  # 0: none
    content: str
    at: datetime


@dataclass(frozen=True)
class Block:
    """Everything about some prompts, in the order of their keys and of the judgments'.

    `preferences` has the columns prompt, judgment, first, second, criterion (0: overall), margin and
    both_bad; `rankings` prompt, judgment, completion and tier; `ratings` prompt, judgment, completion
    (0: the prompt alone), criterion and value (`MISSING`: could not tell); `steps` prompt, judgment,
    completion, how many steps it has and how many are right ahead of the first that is not.
    """

    prompt_J: Ints
    key_J: Ints
    uid_J: Words
    preferences: Sequence[Ints]
    rankings: Sequence[Ints]
    ratings: Sequence[Ints]
    steps: Sequence[Ints]
    corrections: list[WrittenText]
    demonstrations: list[WrittenText]


def blocks_of(scope: Scope, *, report: Report = lambda _done, _total: None) -> Iterator[Block]:
    """The blocks that hold a judgment, in order; `report` hears after each, and while they are sorted."""
    with ExitStack() as stack:
        opened = _Opened(scope, stack, report)
        done = 0
        for block, columns in opened.judgments:
            prompt_J, key_J, uids = columns
            found = Block(
                prompt_J=_ints(prompt_J),
                key_J=_ints(key_J),
                uid_J=_uids(uids),
                **{name: each.of(block) for name, each in opened.others.items()},
            )
            yield found
            done += len(found.key_J)
            report(done, opened.total)


class _Ahead:
    """A stream of blocks in order that is asked for some of them, in order too."""

    def __init__(self, blocks: Iterator[tuple[int, Any]], empty: Callable[[], Any]) -> None:
        self._blocks, self._empty = blocks, empty
        self._next = next(blocks, None)

    def of(self, block: int) -> Any:
        if self._next is None or self._next[0] != block:
            return self._empty()
        found = self._next[1]
        self._next = next(self._blocks, None)
        return found


class _Opened:
    """A cursor for each table. It keeps its rows on disk, so that no transaction stays open, in which
    nobody would see the job's progress.
    """

    def __init__(self, scope: Scope, stack: ExitStack, report: Report) -> None:
        table = f"evalhub_scope_{next(_nth)}"
        judgments = scope.judgments().order_by()
        told = judgments.values_list("pk", "uid", "judged_at", "task__prompt_id")
        chosen, values = told.query.sql_with_params()
        with connection.cursor() as cursor:
            filled = _SCOPE.format(scope=table, prompts=PROMPTS, judgments=chosen)
            cursor.execute(filled, values)
            self.total: int = cursor.rowcount
            stack.callback(_drop, table)
            cursor.execute(f"ANALYZE {table}")

        def cursor_over(statement: str) -> Any:
            report(0, self.total)
            return _cursor(statement, table, stack)

        self.judgments = _arrays(cursor_over(_grouped(_JUDGMENTS, 3)))
        self.others = {
            name: _Ahead(_as_ints(_arrays(cursor_over(_grouped(each, width)))), _nothing(width))
            for name, (each, width) in _NUMBERS.items()
        } | {name: _Ahead(_texts(cursor_over(each)), list) for name, each in _WRITTEN.items()}


def _drop(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")


def _nothing(width: int) -> Callable[[], list[Ints]]:
    return lambda: [np.zeros(0, dtype=np.int64)] * width


def _grouped(statement: str, width: int) -> str:
    """One row per block: its number, and each other column as an array in binary form."""
    names = [f"c{nth}" for nth in range(width)]
    arrays = ", ".join(f"array_send(array_agg({name}))" for name in names)
    rows = f"({statement}) AS rows (block, {', '.join(names)})"
    return f"SELECT block, {arrays} FROM {rows} GROUP BY block ORDER BY block"  # noqa: S608  ours


def _cursor(statement: str, table: str, stack: ExitStack) -> Any:
    connection.ensure_connection()
    cursor = connection.connection.cursor(
        name=f"evalhub_blocks_{next(_nth)}", withhold=True, binary=True
    )
    stack.enter_context(cursor)
    text: LiteralString = statement.format(
        scope=table,
        missing=MISSING,
        words=ScaleKind.TEXT.value,
        erased=TOMBSTONE,
        right=StepVerdict.RIGHT.value,
    )
    cursor.execute(text)
    return cursor


def _arrays(cursor: Any) -> Iterator[tuple[int, Any]]:
    while row := cursor.fetchone():
        yield row[0], row[1:]


def _as_ints(blocks: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, list[Ints]]]:
    for block, columns in blocks:
        yield block, [_ints(each) for each in columns]


def _texts(cursor: Any) -> Iterator[tuple[int, list[WrittenText]]]:
    at: int | None = None
    found: list[WrittenText] = []
    while rows := cursor.fetchmany(TEXTS):
        for block, prompt, uid, completion, content, judged in rows:
            if block != at:
                if at is not None:
                    yield at, found
                at, found = block, []
            found.append(WrittenText(prompt, str(uid), completion, content, judged))
    if at is not None:
        yield at, found


def _ints(sent: bytes) -> Ints:
    """An array of bigint as PostgreSQL's array_send writes it.

    Source:
        array_send: a head of five times four bytes (dimensions, nulls, type, length and lower bound),
        then for each element its length and its bytes.
    """
    element = np.dtype([("length", ">i4"), ("value", ">i8")])
    return np.frombuffer(sent, dtype=element, offset=20)["value"].astype(np.int64)


def _uids(sent: bytes) -> Words:
    element = np.dtype([("length", ">i4"), ("value", "V16")])
    digits = np.frombuffer(sent, dtype=element, offset=20)["value"].tobytes().hex().encode()
    plain = np.frombuffer(digits, dtype="S1").reshape(-1, 32)
    dashed = np.full((len(plain), 36), b"-", dtype="S1")
    for start, end, shift in ((0, 8, 0), (8, 12, 1), (12, 16, 2), (16, 20, 3), (20, 32, 4)):
        dashed[:, start + shift : end + shift] = plain[:, start:end]
    return dashed.view("S36").ravel().astype("U36")
