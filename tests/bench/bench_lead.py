"""The lead's pages at ten thousand tasks and at a million: server time, CPU of web and PostgreSQL.

    python -m tests.bench.bench_lead [--tasks 10000 1000000] [--turns 7] [--json]

For each size a PostgreSQL of its own with one campaign of three judgments a task and 200 annotators,
who have judged 5,000 tasks each (or as many as there are); a fifth of it is for review, a tenth of that waits. Each page is asked for by a signed-in lead
through the whole of Django, without a socket; reported is the median of the turns after one to warm up.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.bench_claim_plan import Crowd
from tests.bench.bench_claim_submit import SETTINGS, cpu_of

PEOPLE, DONE = 200, 5000
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"  # without a manifest
# A judgment and a preference for each assignment, spread over ten days, the earliest stored first.
_JUDGED = """
    INSERT INTO judgments_judgment (uid, created_at, judged_at, workspace_id, campaign_id, task_id,
                                    member_id, assignment_id, source, submission_id, body_digest,
                                    active_ms, wall_ms, critique, external_id)
        SELECT gen_random_uuid(), moment, moment, c.workspace_id, a.campaign_id, a.task_id,
               a.member_id, a.id, 'human', gen_random_uuid(), '', 20000 + a.id % 60000, 70000, '', ''
        FROM campaigns_assignment a JOIN campaigns_campaign c ON c.id = a.campaign_id
        CROSS JOIN LATERAL (SELECT now() - interval '10 days' * ((a.id * 7919 % 10007) / 10007.0)
                            AS moment) at
        ORDER BY moment, a.id;
    INSERT INTO judgments_preference (judgment_id, first_id, second_id, margin, both_bad)
        SELECT j.id, a.completion_id, b.completion_id, j.id % 3 - 1, false
        FROM judgments_judgment j
        JOIN campaigns_taskcompletion a ON a.task_id = j.task_id AND a.place = 0
        JOIN campaigns_taskcompletion b ON b.task_id = j.task_id AND b.place = 1;
    INSERT INTO judgments_review (uid, created_at, judgment_id, campaign_id, author_id, reviewer_id,
                                  verdict, reviewed_at)
        SELECT gen_random_uuid(), j.judged_at, j.id, j.campaign_id, j.member_id,
               CASE WHEN j.id % 50 > 0 THEN r.id END,
               CASE WHEN j.id % 50 > 0 THEN 'accepted' ELSE '' END,
               CASE WHEN j.id % 50 > 0 THEN j.judged_at END
        FROM judgments_judgment j
        CROSS JOIN LATERAL (SELECT id FROM accounts_member WHERE id <> j.member_id ORDER BY id LIMIT 1) r
        WHERE j.id % 5 = 0;
    UPDATE campaigns_campaign SET opened_at = now() - interval '10 days';
    VACUUM ANALYZE;
"""


def measure(sizes: list[int], turns: int) -> list[dict[str, Any]]:
    found = []
    for tasks in sizes:
        with ExitStack() as stack:
            crowd = Crowd(stack, tasks, DONE, annotators=PEOPLE)
            with served_from(crowd):
                found.append(_asked(crowd, turns))
    return found


@contextmanager
def served_from(crowd: Crowd) -> Iterator[None]:
    """Django answers from that database, in which everything has been judged."""
    import django
    from django.conf import settings
    from django.db import connections
    from django.test import override_settings

    django.setup()
    connections.close_all()
    connections["default"].settings_dict |= _where(crowd)
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": {"BACKEND": PLAIN}}):
        for statement in _JUDGED.split(";"):
            if statement.strip():
                crowd.wire.execute(statement)
        yield


def _asked(crowd: Crowd, turns: int) -> dict[str, Any]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    from evalhub.accounts.models import Member
    from evalhub.campaigns.jobs import count_large
    from evalhub.campaigns.models import Campaign
    from evalhub.judgments.jobs import tally
    from evalhub.quality.settling import settle

    campaign = Campaign.objects.get(pk=crowd.campaign)
    began = time.perf_counter()
    while tally():
        continue
    count_large()
    behind = time.perf_counter() - began
    settle(campaign)
    person = Member.objects.get(pk=crowd.member).uid
    user = get_user_model().objects.create_user("lead")
    workspace = campaign.workspace
    Member.objects.create(
        workspace=workspace,
        user=user,
        pseudonym="lead",
        roles=["lead", "owner", "annotator", "reviewer"],
    )
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(user)
    base, own = f"/w/{workspace.slug}/", f"/w/{workspace.slug}/campaigns/{campaign.uid}/"
    pages = {
        name: f"{own}{path}"
        for name, path in (
            ("a campaign", ""), ("pace and people", "pace/"), ("price", "price/"),
            ("edit", "edit/"), ("alerts", "alerts/"), ("practice and gold", "expert/"),
            ("disagreements", "disputes/"), ("left out", f"exclusions/?member={person}"),
            ("reviews of a campaign", "reviews/"), ("gold", "gold/"), ("pilot", "pilot/"),
            ("qualification", "qualification/"), ("join links", "join-links/"),
            ("report links", "report-links/"),
        )
    } | {
        "campaigns": f"{base}campaigns/", "flags": f"{base}flags/", "home": base,
        "reviews": f"{base}reviews/", "members": f"{base}members/", "limits": f"{base}limits/",
        "pay": f"{base}pay/", "appeals": f"{base}appeals/",
    }  # fmt: skip
    timed = {name: timed_page(client, path, turns, crowd.postgres) for name, path in pages.items()}
    timed |= _of_a_manager(campaign, person, turns, crowd.postgres)
    return {"tasks": crowd.tasks, "done_each": crowd.done, "behind_s": behind, "pages": timed}


def _of_a_manager(campaign: Any, person: Any, turns: int, postgres: int) -> dict[str, Any]:
    """Everybody is in the one group, and each judgment is paid."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from evalhub.accounts.models import Member
    from evalhub.campaigns.models import PayRate

    workspace = campaign.workspace
    Member.objects.filter(workspace=workspace).update(groups=["night"])
    user = get_user_model().objects.create_user("manager")
    manager = Member.objects.create(
        workspace=workspace, user=user, pseudonym="manager", roles=["manager"], manages=["night"]
    )
    PayRate.objects.create(
        campaign=campaign, amount=1, currency="EUR", unit="task", created_by=manager,
        since=campaign.opened_at,
    )  # fmt: skip
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(user)
    base = f"/w/{workspace.slug}/groups/"
    pages = {
        "my groups": base, "a person": f"{base}people/{person}/", "their flags": f"{base}flags/",
        "their pay": f"{base}pay/?begin=2020-01-01&end=2100-01-01",
    }  # fmt: skip
    return {name: timed_page(client, path, turns, postgres) for name, path in pages.items()}


def _where(crowd: Crowd) -> dict[str, Any]:
    info = crowd.wire.info
    return {"HOST": info.host, "NAME": info.dbname, "USER": info.user, "PASSWORD": info.password}


def timed_page(client: Any, path: str, turns: int, postgres: int) -> dict[str, float]:
    """Milliseconds: the wall, and the CPU of both processes."""
    walls, cpus = [], []
    for turn in range(turns + 1):
        before = time.perf_counter(), time.process_time() + cpu_of(postgres)
        answer = client.get(path)
        wall = time.perf_counter() - before[0]
        cpu = time.process_time() + cpu_of(postgres) - before[1]
        assert answer.status_code == 200, (path, answer.status_code)
        if turn:
            walls.append(1000 * wall)
            cpus.append(1000 * cpu)
    return {"wall_ms": statistics.median(walls), "cpu_ms": statistics.median(cpus)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = measure(chosen.tasks, chosen.turns)
    if not chosen.json:
        show(rows)
    sys.stdout.write(json.dumps(rows) + "\n")


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="The lead's pages: server time (and CPU of both) in ms")
    table.add_column("page")
    for row in rows:
        table.add_column(f"{row['tasks']:,} tasks", justify="right")
    for name in rows[0]["pages"]:
        told = [row["pages"][name] for row in rows]
        table.add_row(name, *(f"{each['wall_ms']:.0f} ({each['cpu_ms']:.0f})" for each in told))
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
