"""The floor: the same statements from a bare psycopg loop, without a web server."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg


def run_bare_loop(seeded: dict[str, Any], *, clients: int, judgments: int) -> int:
    """Claim and submit on `clients` connections; return how many judgments were stored."""
    import django

    django.setup()  # DATABASE_URL stands only now
    share, done = judgments // clients, [0] * clients

    def work(nth: int) -> None:
        with psycopg.connect(seeded["dsn"], autocommit=True, prepare_threshold=3) as connection:
            member = connection.execute(
                "SELECT m.id, m.workspace_id FROM accounts_member m "
                "JOIN accounts_workspace w ON w.id = m.workspace_id "
                "WHERE w.slug = %s AND m.pseudonym = %s",
                [seeded["workspace"], f"annotator-{nth}"],
            ).fetchone()
            assert member is not None
            done[nth] = _judge(connection, seeded["campaign"], *member, times=share)

    threads = [threading.Thread(target=work, args=[nth]) for nth in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _judge(
    connection: psycopg.Connection, campaign: str, member: int, workspace: int, *, times: int
) -> int:
    from evalhub.campaigns.services.claim import FROM_THE_FRONT, from_rank
    from evalhub.campaigns.services.statements import FRESH, Ways
    from evalhub.judgments.question import Findings, PreferenceFound, RatingFound
    from evalhub.judgments.services.statements import (
        columns_of,
        submit_and_lend_statement,
        tables_of,
    )

    row = connection.execute(
        "SELECT c.id, ARRAY(SELECT k.id FROM rubrics_criterion k"
        "                   WHERE k.version_id = c.rubric_version_id ORDER BY k.position)"
        " FROM campaigns_campaign c WHERE c.uid = %s",
        [campaign],
    ).fetchone()
    assert row is not None
    key, criteria = row
    connection.execute(  # what the clients left in their hands
        "UPDATE campaigns_assignment SET state = 'skipped', ended_at = now()"
        " WHERE member_id = %s AND state = 'held'",
        [member],
    )
    asked = {"campaign": key, "member": member, "minutes": 30} | from_rank(FROM_THE_FRONT)
    lease = connection.execute(FRESH, asked).fetchone()
    for _ in range(times):
        assert lease is not None
        assignment, first, second = _details(connection, lease[0])
        findings = Findings(
            ratings=[
                RatingFound(first, criteria[0], None, 4, "", ""),
                RatingFound(second, criteria[1], None, 2, "", ""),
            ],
            preferences=[PreferenceFound(None, first, second, 2, both_bad=False, comment="")],
        )
        values = {
            "assignment": assignment, "member": member, "token": lease[1], "campaign": key,
            "workspace": workspace, "source": "human", "submission": uuid4(), "digest": "0" * 64,
            "active_ms": 41200, "critique": "", "guidelines": None, "wording": None, **columns_of(findings),
            "minutes": 30, "hand": 2, "holding": "{}", "undo": 30, **from_rank(lease[4]),
        }  # fmt: skip
        ways = Ways(kept=False, sooner=False, shared=False)  # as the first read finds here
        statement = submit_and_lend_statement(tables_of(findings), ways)
        row = connection.execute(statement, values).fetchone()
        assert row is not None
        lease = row[1:]
    return times


def _details(connection: psycopg.Connection, uid: UUID) -> tuple[int, int, int]:
    row = connection.execute(
        "SELECT a.id, ARRAY(SELECT tc.completion_id FROM campaigns_taskcompletion tc"
        "                   WHERE tc.task_id = a.task_id ORDER BY tc.place)"
        " FROM campaigns_assignment a WHERE a.uid = %s",
        [uid],
    ).fetchone()
    assert row is not None
    return row[0], *row[1]
