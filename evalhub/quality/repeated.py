"""What people said of a task, and what they said when they were asked once more.

Shapes: R answers that were given twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q
from django.db.models.sql.compiler import SQLCompiler
from numpy.typing import NDArray

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.columns import columns_of
from evalhub.rubrics.models import ScaleKind

Ints = NDArray[np.int64]
WIDTH = 10  # columns

# The person's last own word on the task from which the repeat was drawn, and on the repeat.
_TWICE = """
    FROM gold_draw d
    JOIN judgments_judgment o ON o.id = d.judgment_id
    JOIN judgments_judgment x ON x.task_id = o.task_id AND x.member_id = o.member_id
    JOIN judgments_judgment y ON y.task_id = d.task_id AND y.member_id = o.member_id
"""
_BOTH_COUNT = "WHERE d.kind = 'repeat' AND {both_count}"
_HEAD = "SELECT coalesce({criterion}, 0)::bigint, x.member_id, x.id, y.id"
_NO_PLACE = "0::bigint, 0::bigint"
# 1 where the preference's first stood first on the page, -1 where it stood second, 0 where nobody knows.
_PLACE = """
    coalesce((SELECT CASE WHEN shown.completion_id = r.first_id THEN 1 ELSE -1 END
              FROM campaigns_assignment a JOIN campaigns_taskcompletion shown
                ON shown.task_id = a.task_id AND shown.place = a.permutation[1]
              WHERE a.id = {judgment}.assignment_id), 0)::bigint
"""
# Of two that are ranked: 1 where the one stood before the other on the page, -1 where behind it.
_BEFORE = """
    coalesce((SELECT sign(array_position(a.permutation, two.place)
                          - array_position(a.permutation, one.place))
              FROM campaigns_assignment a
              JOIN campaigns_taskcompletion one
                ON one.task_id = a.task_id AND one.completion_id = r.completion_id
              JOIN campaigns_taskcompletion two
                ON two.task_id = a.task_id AND two.completion_id = r2.completion_id
              WHERE a.id = {judgment}.assignment_id), 0)::bigint
"""
_RATINGS = f"""
    {_HEAD.format(criterion="r.criterion_id")}, r.value::bigint, s.value::bigint, {_NO_PLACE},
    {_NO_PLACE} {_TWICE}
    JOIN judgments_rating r ON r.judgment_id = x.id AND r.value IS NOT NULL
    JOIN judgments_rating s
      ON s.judgment_id = y.id AND s.criterion_id = r.criterion_id AND s.value IS NOT NULL
         AND s.completion_id IS NOT DISTINCT FROM r.completion_id
         AND s.turn IS NOT DISTINCT FROM r.turn
    JOIN rubrics_criterion c ON c.id = r.criterion_id AND c.kind <> '{ScaleKind.TEXT.value}'
    {_BOTH_COUNT}
"""
_CANNOT_TELL = f"""
    SELECT x.member_id, count(*)::bigint {_TWICE}
    JOIN judgments_rating r ON r.judgment_id = x.id
    JOIN judgments_rating s
      ON s.judgment_id = y.id AND s.criterion_id = r.criterion_id
         AND s.completion_id IS NOT DISTINCT FROM r.completion_id
         AND s.turn IS NOT DISTINCT FROM r.turn
    JOIN rubrics_criterion c ON c.id = r.criterion_id AND c.kind <> '{ScaleKind.TEXT.value}'
    {_BOTH_COUNT} AND (r.value IS NULL OR s.value IS NULL)
    GROUP BY 1
"""  # noqa: S608  ours
_PREFERENCES = f"""
    {_HEAD.format(criterion="-r.criterion_id")},
    CASE WHEN r.both_bad THEN 2 ELSE sign(r.margin) END::bigint,
    CASE WHEN s.both_bad THEN 2
         ELSE sign(s.margin) * CASE WHEN s.first_id = r.first_id THEN 1 ELSE -1 END END::bigint,
    {_PLACE.format(judgment="x")}, {_PLACE.format(judgment="y")}, r.first_id, r.second_id
    {_TWICE}
    JOIN judgments_preference r ON r.judgment_id = x.id
    JOIN judgments_preference s
      ON s.judgment_id = y.id AND s.criterion_id IS NOT DISTINCT FROM r.criterion_id
    {_BOTH_COUNT}
"""
_RANKINGS = f"""
    {_HEAD.format(criterion="NULL")},
    sign(r2.tier - r.tier)::bigint, sign(s2.tier - s.tier)::bigint,
    {_BEFORE.format(judgment="x")}, {_BEFORE.format(judgment="y")}, {_NO_PLACE} {_TWICE}
    JOIN judgments_rankedcompletion r ON r.judgment_id = x.id
    JOIN judgments_rankedcompletion r2
      ON r2.judgment_id = x.id AND r2.completion_id > r.completion_id
    JOIN judgments_rankedcompletion s
      ON s.judgment_id = y.id AND s.completion_id = r.completion_id
    JOIN judgments_rankedcompletion s2
      ON s2.judgment_id = y.id AND s2.completion_id = r2.completion_id
    {_BOTH_COUNT}
"""


@dataclass(frozen=True)
class Repeated:
    """`question` is a criterion's key for ratings, minus it for preferences, 0 for the overall one.

    Each two of a ranking are a pair; values are of what they are about, wherever it stood.
    """

    question_R: Ints
    member_R: Ints
    first_R: Ints  # judgments, by key
    second_R: Ints
    before_R: Ints  # values: of a scale, or 1, 0, -1 and 2 for "both bad"
    after_R: Ints
    place_before_R: Ints  # of a pair: 1 where what the values are towards stood before the other, -1 where behind
    place_after_R: Ints  # 0 where nobody knows, and of what is no pair
    one_R: Ints  # completions, by key, the one that values are towards; 0 of what is no comparison
    other_R: Ints

    @property
    def swapped(self) -> NDArray[np.bool_]:
        """Pairs that stood the other way round the second time."""
        return self.place_before_R * self.place_after_R < 0


def repeated_in(campaign: Campaign) -> Repeated:
    """Each answer of the campaign that its person gave twice; what they could not tell is left out."""
    if not _has_repeats(campaign):
        return Repeated(*(np.zeros(0, dtype=np.int64) for _ in range(WIDTH)))
    found = [
        _columns(campaign, statement, WIDTH) for statement in (_RATINGS, _PREFERENCES, _RANKINGS)
    ]
    return Repeated(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def cannot_tell_in(campaign: Campaign) -> dict[int, int]:
    """By the member's key, how many answers are missing there: they could not tell, the first time or again."""
    if not _has_repeats(campaign):
        return {}
    members, counts = _columns(campaign, _CANNOT_TELL, 2)
    return dict(zip(members.tolist(), counts.tolist(), strict=True))


def _has_repeats(campaign: Campaign) -> bool:
    return campaign.tasks.filter(kind=TaskKind.REPEAT).exists()


def _columns(campaign: Campaign, statement: str, width: int) -> Sequence[Ints]:
    rows = Judgment.objects.filter(campaign=campaign).own_words().order_by().values("pk")
    chosen, values = rows.query.sql_with_params()
    both = f"x.id IN ({chosen}) AND y.id IN ({chosen})"
    return columns_of(statement.replace("{both_count}", both), [*values, *values], width)


def changed() -> Q:
    """Second words, as `repeated_in` has them, with an answer that is another than the first time; pairs that
    stood the other way round apart.
    """
    return Q(_Twice("before <> after AND place_before * place_after >= 0"))


def moved() -> Q:
    """Second words on pairs that stood the other way round, with an overall answer that did not stay with the
    response.
    """
    return Q(
        _Twice(
            "question = 0 AND place_before * place_after < 0"
            " AND before % 2 * place_before + after % 2 * place_after <> 0"
        )
    )


class _Twice(Func):
    """Whether an answer that was given twice, the second time in this judgment, is so. A scalar sub-select, so that it
    is worked out row by row and begins with the few draws of the row's task.
    """

    output_field = BooleanField()

    def __init__(self, is_so: str) -> None:
        super().__init__(F("pk"))
        self.is_so = is_so

    def as_sql(  # type: ignore[override]  # Django asks with these two alone
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        """`Any`: whatever psycopg takes."""
        judgment, values = compiler.compile(self.source_expressions[0])
        own, own_values = (
            Judgment.objects.own_words().order_by().values("id").query.sql_with_params()
        )
        both = f"y.id = {judgment} AND EXISTS (SELECT 1 FROM ({own}) own WHERE own.id = x.id)"  # noqa: S608  ours
        parts = (_RATINGS, _PREFERENCES, _RANKINGS)
        told = " UNION ALL ".join(each.replace("{both_count}", both) for each in parts)
        is_so = self.is_so.replace("%", "%%")
        sql = f"coalesce((SELECT true FROM ({told}) AS {_NAMED} WHERE {is_so} LIMIT 1), false)"  # noqa: S608  ours
        return sql, [*values, *own_values] * len(parts)


_NAMED = (
    "twice(question, member, first, second, before, after, place_before, place_after, one, other)"
)
