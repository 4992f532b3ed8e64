"""The two statements by which a judgment is stored, whole or not at all.

One round trip instead of seven: the judgment, its ratings, preferences, ranking and corrections,
the end of the lease, the task's count and the news. `stored` is the judgment's row; without a
lease to end (SUBMIT) or a judgment to supersede (REVISE) it is empty, and nothing is stored.
"""

from __future__ import annotations

from typing import Any

from evalhub.judgments.checks import Findings

_ANSWERS = """
    rated AS (
        INSERT INTO judgments_rating (judgment_id, completion_id, criterion_id, value, reason)
        SELECT stored.id, given.*
        FROM stored, unnest(%(rated)s::bigint[], %(rated_on)s::bigint[], %(values)s::smallint[],
                            %(reasons)s::text[]) AS given
    ), preferred AS (
        INSERT INTO judgments_preference (judgment_id, criterion_id, first_id, second_id, margin,
                                          both_bad)
        SELECT stored.id, given.*
        FROM stored, unnest(%(preferred_on)s::bigint[], %(firsts)s::bigint[], %(seconds)s::bigint[],
                            %(margins)s::smallint[], %(both_bad)s::boolean[]) AS given
    ), ranked AS (
        INSERT INTO judgments_rankedcompletion (judgment_id, completion_id, tier)
        SELECT stored.id, given.*
        FROM stored, unnest(%(ranked)s::bigint[], %(tiers)s::smallint[]) AS given
    ), corrected AS (
        INSERT INTO judgments_correction (judgment_id, completion_id, content)
        SELECT stored.id, given.*
        FROM stored, unnest(%(corrected)s::bigint[], %(corrections)s::text[]) AS given
    ), told AS (
        INSERT INTO jobs_news (uid, created_at, topic, subject_uid, body, tries)
        SELECT gen_random_uuid(), now(), 'judgment.counted', stored.uid, '{}', 0 FROM stored
    )
"""
# The news rings no bell: the sweep brings it within seconds, and a message to the broker for each
# judgment would cost more than the judgment.

SUBMIT = f"""
    WITH ended AS (
        UPDATE campaigns_assignment SET state = 'submitted', ended_at = now()
        WHERE id = %(assignment)s AND member_id = %(member)s AND token = %(token)s
          AND state = 'held' AND expires_at > now()
        RETURNING id, task_id, campaign_id, member_id
    ), counted AS (
        UPDATE campaigns_task t SET judged = judged + 1 FROM ended WHERE t.id = ended.task_id
    ), undrafted AS (
        DELETE FROM campaigns_draft d USING ended WHERE d.assignment_id = ended.id
    ), stored AS (
        INSERT INTO judgments_judgment (uid, created_at, judged_at, workspace_id, campaign_id,
            task_id, member_id, assignment_id, source, submission_id, body_digest, active_ms,
            critique, external_id)
        SELECT gen_random_uuid(), now(), now(), %(workspace)s, ended.campaign_id,
            ended.task_id, ended.member_id, ended.id, %(source)s, %(submission)s, %(digest)s,
            %(active_ms)s::integer, %(critique)s, ''
        FROM ended
        RETURNING id, uid
    ), {_ANSWERS}
    SELECT stored.uid,
           (SELECT count(*) FROM campaigns_assignment a
            WHERE a.member_id = %(member)s AND a.campaign_id = %(campaign)s AND a.state = 'held'
              AND a.id <> %(assignment)s) AS held,
           EXISTS (SELECT 1 FROM campaigns_assignment a
            WHERE a.member_id = %(member)s AND a.campaign_id = %(campaign)s AND a.state = 'held'
              AND a.id <> %(assignment)s AND a.uid <> ALL (%(holding)s::uuid[])) AS forgotten
    FROM stored
"""  # noqa: S608  constants only

REVISE = f"""
    WITH stored AS (
        INSERT INTO judgments_judgment (uid, created_at, judged_at, workspace_id, campaign_id,
            task_id, member_id, assignment_id, source, submission_id, body_digest, active_ms,
            critique, external_id, supersedes_id)
        SELECT gen_random_uuid(), now(), now(), was.workspace_id, was.campaign_id,
            was.task_id, was.member_id, was.assignment_id, was.source, %(submission)s, %(digest)s,
            %(active_ms)s::integer, %(critique)s, '', was.id
        FROM judgments_judgment was WHERE was.id = %(supersedes)s
        RETURNING id, uid
    ), {_ANSWERS}
    SELECT stored.id FROM stored
"""  # noqa: S608  constants only


def columns_of(findings: Findings) -> dict[str, Any]:
    """The findings as one list per column, as `unnest` takes them."""
    ratings, preferences = findings.ratings, findings.preferences
    return {
        "rated": [row[0] for row in ratings],
        "rated_on": [row[1] for row in ratings],
        "values": [row[2] for row in ratings],
        "reasons": [row[3] for row in ratings],
        "preferred_on": [row[0] for row in preferences],
        "firsts": [row[1] for row in preferences],
        "seconds": [row[2] for row in preferences],
        "margins": [row[3] for row in preferences],
        "both_bad": [row[4] for row in preferences],
        "ranked": [row[0] for row in findings.ranking],
        "tiers": [row[1] for row in findings.ranking],
        "corrected": [row[0] for row in findings.corrections],
        "corrections": [row[1] for row in findings.corrections],
    }
