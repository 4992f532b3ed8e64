"""What giving a lease back means, as part of each statement that ends one or many.

The CTE `gone` before it has the ended assignments: id, task_id, member_id, campaign_id, permutation,
`given_up` (1: its place is no place any more) and `may_return` (whether its member may get it again).
"""

from __future__ import annotations

# Places open again in the order of the tasks' keys, and shares in that of theirs, so that two who
# give many back at once cannot wait for each other. What was reserved waits for its member as before,
# and an archived task for nobody.
GIVEN_BACK = """
    places AS (
        SELECT task_id, count(*) - sum(given_up) AS opened, sum(given_up) AS given_up
        FROM gone GROUP BY task_id
    ), locked AS MATERIALIZED (
        SELECT t.id, CASE WHEN t.archived_at IS NULL THEN p.opened ELSE 0 END AS opened,
               CASE WHEN t.archived_at IS NULL THEN p.given_up ELSE p.given_up + p.opened END
                   AS given_up
        FROM campaigns_task t JOIN places p ON p.task_id = t.id
        ORDER BY t.id FOR NO KEY UPDATE OF t
    ), reopened AS (
        UPDATE campaigns_task t
        SET open_places = open_places + locked.opened, overlap = overlap - locked.given_up
        FROM locked WHERE t.id = locked.id
        RETURNING t.id, t.is_reserved AND t.archived_at IS NULL AS waits
    ), reserved AS (
        INSERT INTO campaigns_reservation (campaign_id, task_id, member_id, due_at, permutation)
        SELECT gone.campaign_id, gone.task_id, gone.member_id, now(), gone.permutation
        FROM gone JOIN reopened ON reopened.id = gone.task_id
        WHERE reopened.waits AND gone.may_return
        ON CONFLICT DO NOTHING
    ), theirs AS (
        SELECT member_id, campaign_id, count(*) AS n FROM gone
        WHERE task_id IN (SELECT id FROM reopened) GROUP BY member_id, campaign_id
    ), shares AS MATERIALIZED (
        SELECT s.id, theirs.n FROM campaigns_membershare s JOIN theirs
            ON s.member_id = theirs.member_id AND s.campaign_id = theirs.campaign_id
        ORDER BY s.id FOR NO KEY UPDATE OF s
    ), shared AS (
        UPDATE campaigns_membershare s SET taken = taken - shares.n
        FROM shares WHERE s.id = shares.id
    )
"""
