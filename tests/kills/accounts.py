"""The reckoning after a kill: what the database holds against what was acknowledged."""

from __future__ import annotations

from typing import LiteralString

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from tests.kills.crowd import Crowd

SETTLED_WITHIN = 40.0

OF_CAMPAIGN: LiteralString = """
    FROM judgments_judgment j JOIN campaigns_campaign c ON c.id = j.campaign_id WHERE c.uid = %s
"""
STORED: LiteralString = "SELECT j.submission_id::text, j.uid::text" + OF_CAMPAIGN
PARTS: LiteralString = (
    """
    SELECT (SELECT count(*) FROM judgments_rating r WHERE r.judgment_id = j.id),
           (SELECT count(*) FROM judgments_preference p WHERE p.judgment_id = j.id),
           (SELECT count(*) FROM jobs_news n
            WHERE n.topic = 'judgment.counted' AND n.subject_uid = j.uid)
"""
    + OF_CAMPAIGN
)
TASKS: LiteralString = """
    SELECT t.overlap, t.judged, t.open_places,
           (SELECT count(*) FROM judgments_judgment j WHERE j.task_id = t.id),
           (SELECT count(DISTINCT j.member_id) FROM judgments_judgment j WHERE j.task_id = t.id),
           (SELECT count(*) FROM campaigns_assignment a WHERE a.task_id = t.id AND a.state = 'held')
    FROM campaigns_task t JOIN campaigns_campaign c ON c.id = t.campaign_id WHERE c.uid = %s
"""
WAITING: LiteralString = "SELECT count(*) FROM jobs_news WHERE delivered_at IS NULL"
JOB: LiteralString = """
    SELECT j.state, j.attempt, j.error, i.counts
    FROM jobs_job j JOIN imports_import i ON i.job_id = j.id WHERE i.uid = %s
"""


def everything_was_judged_once(up: Up, crowd: Crowd) -> None:
    """Every acknowledged submission is stored once and whole, nothing else is, and k is exact."""
    campaign = [crowd.seeded.campaign]
    with up.connect() as connection:
        rows = connection.execute(STORED, campaign).fetchall()
        stored = dict(rows)
        assert len(stored) == len(rows), "a submission was stored twice"
        assert {key: stored.get(key) for key in crowd.acknowledged} == crowd.acknowledged
        assert set(stored) <= crowd.sent
        parts = set(connection.execute(PARTS, campaign).fetchall())
        assert parts == {(2 * len(crowd.seeded.criteria), 1, 1)}, "a judgment is in pieces"
        for overlap, judged, places, judgments, members, held in connection.execute(
            TASKS, campaign
        ):
            assert judged == judgments == members == overlap, "a task has not exactly k"
            assert (places, held) == (0, 0)


def news_is_delivered(up: Up) -> bool:
    with up.connect() as connection:
        row = connection.execute(WAITING).fetchone()
        return row == (0,)


def import_state(up: Up, uid: str) -> tuple[str, int, str, dict[str, int]]:
    with up.connect() as connection:
        row = connection.execute(JOB, [uid]).fetchone()
        assert row is not None
        state, attempt, error, counts = row
        return state, attempt, error, counts


def settle(up: Up, imports: list[str]) -> None:
    """Wait until all that was announced is delivered and each import has ended well."""

    def ended() -> bool:
        return all(import_state(up, uid)[0] == "succeeded" for uid in imports)

    assert wait_until(ended, seconds=SETTLED_WITHIN, every=0.2), [
        import_state(up, uid) for uid in imports
    ]
    assert wait_until(lambda: news_is_delivered(up), seconds=SETTLED_WITHIN, every=0.2)
