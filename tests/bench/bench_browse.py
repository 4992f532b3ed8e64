"""A page of each list of *Browse*, at ten thousand tasks and at a million.

    python -m tests.bench.bench_browse [--tasks 10000 1000000] [--json]

For each size a PostgreSQL of its own and a process of its own: a workspace with that many prompts,
tasks and judgments and twice as many completions. "Rare" words stand in every twenty thousandth
prompt; "old" ones, and what else is called so, in the older half only, where walking from the newest
finds nothing. Timed is the whole page on the server, from the request to the last byte of HTML, by
Django's test client with the templates compiled: median and worst of 15, after two that warm up.
Besides: what a job that changes a priority costs per row, for all rows of a rare word.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bench_claim_submit import SETTINGS, database, manage, url_of

SEEDED, TURNS = 1000, 15
TABLES = (
    "prompts_prompt", "prompts_completion", "campaigns_task", "campaigns_taskcompletion",
    "campaigns_assignment", "judgments_judgment", "judgments_preference", "gold_draw",
)  # fmt: skip

_MORE = """
    CREATE TEMP TABLE of AS
        SELECT c.id AS campaign, p.workspace_id, p.collection_id, p.group_id,
               (SELECT array_agg(generation_id ORDER BY id) FROM prompts_completion
                WHERE prompt_id = p.id) AS generations,
               (SELECT array_agg(id ORDER BY id) FROM accounts_member
                WHERE pseudonym LIKE 'annotator-%%') AS members,
               (SELECT max(id) FROM prompts_prompt) AS prompts,
               (SELECT max(id) FROM prompts_completion) AS completions,
               (SELECT max(id) FROM campaigns_task) AS tasks
        FROM campaigns_campaign c, prompts_prompt p ORDER BY p.id LIMIT 1;
    INSERT INTO prompts_prompt (id, uid, created_at, workspace_id, collection_id, group_id,
                                external_id, messages, fingerprint, documents, slices)
        SELECT prompts + n, gen_random_uuid(), now(), workspace_id, collection_id, group_id, 'm' || n,
               jsonb_build_array(jsonb_build_object('role', 'user', 'content',
                   'Why is the sky blue, and what has it to do with rare' || n / 50 ||
                   CASE WHEN n < %(more)s / 2 THEN ' in the old days?' ELSE '?' END)),
               md5(n::text), '[]',
               jsonb_build_object('language', CASE WHEN n < %(more)s / 2 THEN 'de' ELSE 'en' END)
        FROM of, generate_series(1, %(more)s) n;
    INSERT INTO prompts_completion (id, uid, created_at, workspace_id, prompt_id, generation_id,
                                    external_id, content, finish)
        SELECT completions + n, gen_random_uuid(), now(), workspace_id, prompts + (n + 1) / 2,
               generations[1 + n %% 2], 'm' || n, 'Short waves are scattered more, rare' || n / 50,
               'stop'
        FROM of, generate_series(1, 2 * %(more)s) n;
    INSERT INTO campaigns_task (id, uid, created_at, campaign_id, prompt_id, kind, priority, lot,
                                overlap, open_places, judged)
        SELECT tasks + n, gen_random_uuid(), now(), campaign, prompts + n, 'normal',
               CASE WHEN n %% 10000 = 0 THEN 9 ELSE 5 END,
               (random() * (2::bigint ^ 40 - 1))::bigint, 1, CASE WHEN n < %(more)s / 2 THEN 1 ELSE 0 END,
               CASE WHEN n < %(more)s / 2 THEN 0 ELSE 1 END
        FROM of, generate_series(1, %(more)s) n;
    INSERT INTO judgments_judgment (uid, created_at, workspace_id, campaign_id, task_id, member_id,
                                    source, body_digest, critique, external_id, judged_at, is_extra,
                                    active_ms)
        SELECT gen_random_uuid(), now(), workspace_id, campaign, tasks + n,
               members[CASE WHEN n < %(more)s / 2 THEN 1 + n %% 8 ELSE 9 + n %% 8 END], 'human', '',
               '', '', now(), n %% 10000 = 0, CASE WHEN n < %(more)s / 2 THEN 1 ELSE 60000 END
        FROM of, generate_series(1, %(more)s) n;
    INSERT INTO campaigns_taskcompletion (task_id, completion_id, place)
        SELECT tasks + (n + 1) / 2, completions + n, (n + 1) %% 2
        FROM of, generate_series(1, 2 * %(more)s) n;
    INSERT INTO gold_draw (judgment_id, kind, task_id)
        SELECT j.id, 'repeat', j.task_id + 8
        FROM of, judgments_judgment j WHERE j.task_id > tasks AND (j.task_id - tasks + 8) %% 20 = 0
             AND j.task_id - tasks + 8 <= %(more)s;
    INSERT INTO judgments_preference (judgment_id, first_id, second_id, margin, both_bad)
        SELECT j.id, completions + 2 * n - 1, completions + 2 * n,
               CASE WHEN n < %(more)s / 2 AND n %% 20 = 0 THEN -1 ELSE 1 END, false
        FROM of, judgments_judgment j, LATERAL (SELECT j.task_id - tasks AS n) each
        WHERE j.task_id > tasks AND n %% 20 IN (0, 12);
"""


def fill(tasks: int) -> dict[str, str]:
    """A workspace with `tasks` of everything; what the pages are asked with."""
    manage("migrate", "--verbosity", "0")
    manage("collectstatic", "--noinput", "--verbosity", "0")
    seeded = json.loads(manage("seed_bench", "--tasks", str(SEEDED), "--overlap", "1", "--json"))
    with psycopg.connect(seeded["dsn"], autocommit=True) as wire:
        for table in TABLES:
            wire.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        with psycopg.ClientCursor(wire) as cursor, without_words(wire):
            cursor.execute(_MORE, {"more": tasks - SEEDED})
        wire.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
    return {"workspace": seeded["workspace"], "campaign": seeded["campaign"]}


@contextmanager
def without_words(wire: psycopg.Connection[Any]) -> Iterator[None]:
    """Their indexes are made anew at the end, which is several times quicker than row by row."""
    indexes = wire.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%USING gin%'"
    ).fetchall()
    for name, _ in indexes:
        wire.execute(f"DROP INDEX {name}")
    yield
    wire.execute("SET maintenance_work_mem = '512MB'")
    for _, definition in indexes:
        wire.execute(definition)


def pages(campaign: str, member: str, model: str, collection: str) -> dict[str, str]:
    of = f"tasks/?campaign={campaign}"
    return {
        "prompts": "prompts/",
        "prompts, rare word": "prompts/?text=rare3",
        "prompts, frequent word": "prompts/?text=sky",
        "prompts, old word": "prompts/?text=days",
        "prompts, old slice": "prompts/?slice=language%3Dde",
        "prompts, a collection": f"prompts/?collection={collection}",
        "prompts, archived": "prompts/?archived=yes",
        "completions": "completions/",
        "completions, rare word": "completions/?text=rare3",
        "completions, a model": f"completions/?model={model}",
        "tasks": of,
        "tasks, rare word": f"{of}&text=rare3",
        "tasks, old word": f"{of}&text=days",
        "tasks, urgent": f"{of}&priority=9",
        "tasks, gold": f"{of}&task_kind=gold",
        "tasks, open": f"{of}&state=open",
        "tasks, flagged": f"{of}&state=flagged",
        "judgments": "judgments/",
        "judgments, rare word": "judgments/?text=rare3",
        "judgments, an old member": f"judgments/?member={member}",
        "judgments, extras": "judgments/?mark=extra",
        "judgments, old and hasty": f"judgments/?campaign={campaign}&mark=hasty",
        "judgments, hasty, an old member": f"judgments/?campaign={campaign}&member={member}&mark=hasty",
        "judgments, changed the second time": f"judgments/?campaign={campaign}&mark=changed",
        "judgments, moved with the place": f"judgments/?campaign={campaign}&mark=moved",
        "judgments, handed back": f"judgments/?campaign={campaign}&mark=returned",
    }


def measure(tasks: int) -> dict[str, Any]:
    with ExitStack() as stack:
        place = stack.enter_context(temporary_place())
        stack.enter_context(database(place))
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        seeded = fill(tasks)
        import django

        django.setup()
        found = timed(seeded)
        django.db.connections.close_all()
        return {"tasks": tasks} | found


def timed(seeded: dict[str, str]) -> dict[str, Any]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    from evalhub.accounts.models import Member, Workspace

    workspace = Workspace.objects.get(slug=seeded["workspace"])
    user = get_user_model().objects.create(username="lead")
    lead = Member.objects.create(
        workspace=workspace, user=user, pseudonym="lead", roles=["lead", "engineer"]
    )
    annotators = workspace.members.filter(pseudonym__startswith="annotator-").order_by("pk")
    model = workspace.language_models.filter(generations__isnull=False).order_by("pk").first()
    collection = workspace.collections.order_by("pk").first()
    first = annotators.first()
    assert first is not None
    assert model is not None
    assert collection is not None
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    asked = pages(seeded["campaign"], str(first.uid), str(model.uid), collection.slug)
    times = {
        name: spent(client, f"/w/{workspace.slug}/browse/{path}") for name, path in asked.items()
    }
    return {"pages": times, "job_ms_per_row": job(lead, seeded["campaign"])}


def spent(client: Any, path: str) -> dict[str, float]:
    """Milliseconds of a page, the median and the worst."""
    taken = []
    for turn in range(TURNS + 2):
        began = time.perf_counter()
        answer = client.get(path)
        if turn >= 2:
            taken.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, path
    return {"median": statistics.median(taken), "worst": max(taken)}


def job(lead: Any, campaign: str) -> float:
    from evalhub.browse.choices import Kind
    from evalhub.browse.services import act_on_all
    from evalhub.jobs.jobs import execute

    criteria = {"campaign": campaign, "text": "rare3 OR rare4 OR rare5 OR rare6"}
    row = act_on_all(
        kind=Kind.TASKS, criteria=criteria, act="priority", arguments={"priority": "8"}, by=lead
    )
    began = time.perf_counter()
    execute(row.uid)
    seconds = time.perf_counter() - began
    row.refresh_from_db()
    assert row.state == "succeeded", row.error
    return 1000 * seconds / row.result["changed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    if len(chosen.tasks) == 1:
        rows = [measure(chosen.tasks[0])]
    else:
        rows = [apart(tasks) for tasks in chosen.tasks]
    if not chosen.json:
        show(rows)
    sys.stdout.write(json.dumps(rows) + "\n")


def apart(tasks: int) -> dict[str, Any]:
    """In a process of its own: Django is set up for one database."""
    command = [sys.executable, "-m", "tests.bench.bench_browse", "--tasks", str(tasks), "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    (row,) = json.loads(done.stdout.splitlines()[-1])
    found: dict[str, Any] = row
    return found


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Browse: ms of a page on the server, median (worst of 15)")
    table.add_column("page")
    for row in rows:
        table.add_column(f"{row['tasks']:,} tasks", justify="right")
    for name in rows[0]["pages"]:
        cells = [row["pages"][name] for row in rows]
        table.add_row(name, *(f"{each['median']:.0f} ({each['worst']:.0f})" for each in cells))
    table.add_row("a job, per row changed", *(f"{row['job_ms_per_row']:.1f}" for row in rows))
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
