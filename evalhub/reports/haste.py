"""Judgments given faster than their responses can be read. Listed for a lead; nobody is punished.

The rule: the words of the responses at WORDS_A_SECOND, against the active time of the judgment. People
read about 4 words a second in silence, and hardly anybody understands more than twice as many; the
prompt and the thinking are not counted at all, so what is listed was not read to its end. Texts that
put no spaces between words count as few, and are never listed wrongly.

Source:
    M. Brysbaert, "How many words do we read per minute?", Journal of Memory and Language 109, 2019:
    238 words a minute for non-fiction, and no evidence of understanding beyond about 400.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment

WORDS_A_SECOND = 10

# What divides words, at most: a text has no more words than such characters and one. Counting those
# takes a twentieth of the time, and only tasks that may be hasty by it are counted by words.
_BLANKS = " \t\n\v\f\r\x85\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
_TIMED = """
    WITH at_most AS MATERIALIZED (
        SELECT tc.task_id,
               sum(length(c.content) - length(translate(c.content, %(blanks)s, '')) + 1) AS words
        FROM campaigns_task t
        JOIN campaigns_taskcompletion tc ON tc.task_id = t.id
        JOIN prompts_completion c ON c.id = tc.completion_id
        WHERE t.campaign_id = %(campaign)s AND t.judged > 0 GROUP BY tc.task_id
    ), timed AS MATERIALIZED (
        SELECT j.id, j.member_id, j.task_id, j.active_ms,
               j.active_ms * %(pace)s < a.words * 1000 AS is_suspect
        FROM judgments_judgment j JOIN at_most a ON a.task_id = j.task_id
        WHERE j.active_ms IS NOT NULL AND j.supersedes_id IS NULL AND j.id IN ({judgments})
    ), sizes AS MATERIALIZED (
        SELECT tc.task_id, sum(cardinality(regexp_split_to_array(btrim(c.content), '\\s+'))) AS words
        FROM (SELECT DISTINCT task_id FROM timed WHERE is_suspect) suspect
        JOIN campaigns_taskcompletion tc ON tc.task_id = suspect.task_id
        JOIN prompts_completion c ON c.id = tc.completion_id
        GROUP BY tc.task_id
    )
    SELECT j.member_id, count(*),
           coalesce(array_agg(j.id ORDER BY j.id DESC)
                    FILTER (WHERE j.is_suspect AND j.active_ms * %(pace)s < s.words * 1000), '{}')
    FROM timed j LEFT JOIN sizes s ON s.task_id = j.task_id
    GROUP BY j.member_id
"""


@dataclass(frozen=True)
class Haste:
    """One person's judgments whose time is known, and the hasty ones among them, newest first."""

    timed: int
    hasty: list[int] = field(default_factory=list)  # keys


def hasty_in(campaign: Campaign) -> dict[int, Haste]:
    """By the member's key, over first judgments that count."""
    rows = Judgment.objects.filter(campaign=campaign).own_words().order_by().values("pk")
    chosen, values = rows.query.sql_with_params()
    named = {f"given{nth}": value for nth, value in enumerate(values)}
    chosen %= tuple(f"%({name})s" for name in named)
    statement = _TIMED.replace("{judgments}", chosen)
    asked: dict[str, Any] = {"campaign": campaign.pk, "pace": WORDS_A_SECOND, "blanks": _BLANKS}
    with connection.cursor() as cursor:
        cursor.execute(statement, asked | named)
        return {member: Haste(timed, list(hasty)) for member, timed, hasty in cursor.fetchall()}
