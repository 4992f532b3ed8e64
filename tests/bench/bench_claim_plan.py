"""What a claim reads, at ten thousand tasks and at a million: blocks, plans and CPU.

    python -m tests.bench.bench_claim_plan [--tasks 10000 1000000] [--done 20000] [--json]

For each size a PostgreSQL of its own with one campaign (three judgments a task) and sixteen
annotators who have judged `--done` tasks of it each, or as many as there are. Asked is EXPLAIN
(ANALYZE, BUFFERS) of the claim behind the last task judged, with the plan that is kept for every
value and with one for these values, first with the statistics from before those judgments (a burst),
then with fresh ones. CPU is PostgreSQL's, of 400 claims in a loop, five turns of the sizes in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bench_claim_submit import SETTINGS, cpu_of, database, manage, url_of

ANNOTATORS, TURNS, CLAIMS = 16, 5, 400
SEEDED = 1000  # by seed_bench; the rest are multiplied in the database
TABLES = (
    "prompts_prompt", "prompts_completion", "campaigns_task", "campaigns_taskcompletion",
    "campaigns_assignment",
)  # fmt: skip

_MORE = """
    CREATE TEMP TABLE of AS
        SELECT c.id AS campaign, p.workspace_id, p.collection_id, p.group_id, p.id AS prompt,
               (SELECT array_agg(generation_id ORDER BY id) FROM prompts_completion
                WHERE prompt_id = p.id) AS generations,
               (SELECT max(id) FROM prompts_prompt) AS prompts,
               (SELECT max(id) FROM prompts_completion) AS completions,
               (SELECT max(id) FROM campaigns_task) AS tasks
        FROM campaigns_campaign c, prompts_prompt p ORDER BY p.id LIMIT 1;
    INSERT INTO prompts_prompt (id, uid, created_at, workspace_id, collection_id, group_id,
                                external_id, messages, fingerprint, documents, slices)
        SELECT prompts + n, gen_random_uuid(), now(), workspace_id, collection_id, group_id, 'm' || n,
               '[{"role": "user", "content": "Why is the sky blue?"}]', md5(n::text), '[]', '{}'
        FROM of, generate_series(1, %(more)s) n;
    INSERT INTO prompts_completion (id, uid, created_at, workspace_id, prompt_id, generation_id,
                                    external_id, content, finish)
        SELECT completions + n, gen_random_uuid(), now(), workspace_id, prompts + (n + 1) / 2,
               generations[1 + n %% 2], 'm' || n, 'Short waves are scattered more.', 'stop'
        FROM of, generate_series(1, 2 * %(more)s) n;
    INSERT INTO campaigns_task (id, uid, created_at, campaign_id, prompt_id, kind, lot, overlap,
                                open_places, judged)
        SELECT tasks + n, gen_random_uuid(), now(), campaign, prompts + n, 'normal',
               (random() * (2::bigint ^ 40 - 1))::bigint, 3, 3, 0
        FROM of, generate_series(1, %(more)s) n;
    INSERT INTO campaigns_taskcompletion (task_id, completion_id, place)
        SELECT tasks + (n + 1) / 2, completions + n, (n + 1) %% 2
        FROM of, generate_series(1, 2 * %(more)s) n;
"""
# Three people on each of the first tasks: of sixteen, each has judged every fifth, about.
_DONE = """
    INSERT INTO campaigns_assignment (uid, created_at, campaign_id, task_id, member_id, state, token,
                                      claimed_at, ended_at, expires_at, permutation)
        SELECT gen_random_uuid(), now(), t.campaign_id, t.id, m.id, 'submitted', 1, now(), now(),
               now(), '{0,1}'
        FROM (SELECT *, row_number() OVER (ORDER BY rank) AS nth FROM campaigns_task) t
        JOIN (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM accounts_member
              WHERE pseudonym LIKE 'annotator-%%') m
          ON (m.nth + t.nth) %% %(annotators)s < 3
        WHERE t.nth <= %(tasks)s;
    UPDATE campaigns_task t SET judged = 3, open_places = 0
        FROM (SELECT task_id FROM campaigns_assignment GROUP BY task_id) d WHERE d.task_id = t.id;
"""


@dataclass(frozen=True)
class Seen:
    """One claim as EXPLAIN tells it."""

    statistics: str  # "stale" or "fresh"
    plan: str  # "generic" or "custom"
    blocks: int
    milliseconds: float
    scanned: list[str]  # of our five tables, those that were read from end to end


@dataclass(frozen=True)
class Figures:
    tasks: int
    done_each: int
    seen: list[Seen]
    cpu_ms: list[float]  # PostgreSQL, per claim, one for each turn


class Crowd:
    """A campaign that much was judged in."""

    def __init__(
        self, stack: ExitStack, tasks: int, done: int, *, annotators: int = ANNOTATORS
    ) -> None:
        place = stack.enter_context(temporary_place())
        self.postgres = stack.enter_context(database(place))
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        manage("migrate", "--verbosity", "0")
        arguments = ["--tasks", str(SEEDED), "--annotators", str(annotators), "--overlap", "3"]
        seeded = json.loads(manage("seed_bench", *arguments, "--json"))
        self.tasks = tasks
        self.wire = stack.enter_context(psycopg.connect(seeded["dsn"], autocommit=True))
        for table in TABLES:
            self.wire.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        self._run(_MORE, more=tasks - SEEDED)
        self.wire.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
        judged = min(done * annotators // 3, tasks - TURNS * CLAIMS - 100)
        self._run(_DONE, tasks=judged, annotators=annotators)
        row = self.wire.execute(
            "SELECT member_id, campaign_id, count(*) FROM campaigns_assignment"
            " GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1"
        ).fetchone()
        assert row is not None
        self.member, self.campaign, self.done = row
        self.rank = self._last_rank()

    def _run(self, script: str, **values: int) -> None:
        with psycopg.ClientCursor(self.wire) as cursor:
            cursor.execute(script, values)

    def _last_rank(self) -> int:
        row = self.wire.execute(
            "SELECT max(t.rank) FROM campaigns_assignment a JOIN campaigns_task t ON t.id = a.task_id"
            " WHERE a.member_id = %s",
            [self.member],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def asked(self) -> dict[str, int]:
        from evalhub.campaigns.services.claim import from_rank

        asked = {"campaign": self.campaign, "member": self.member, "minutes": 30}
        return asked | from_rank(self.rank)

    def look(self, statement: str) -> list[Seen]:
        seen = list(self._seen(statement, "stale"))
        self.wire.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
        return seen + list(self._seen(statement, "fresh"))

    def _seen(self, statement: str, known: str) -> Iterator[Seen]:
        for plan in ("generic", "custom"):
            self.wire.execute(f"SET plan_cache_mode = force_{plan}_plan")
            with self.wire.transaction(force_rollback=True):
                explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                row = self.wire.execute(explain, self.asked()).fetchone()
                assert row is not None
                told: dict[str, Any] = row[0][0]
            root = told["Plan"]
            blocks = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
            yield Seen(known, plan, blocks, told["Execution Time"], scanned(root))
        self.wire.execute("RESET plan_cache_mode")

    def cpu_ms(self, statement: str) -> float:
        """Real claims, one behind the other."""
        before = cpu_of(self.postgres)
        for _ in range(CLAIMS):
            lease = self.wire.execute(statement, self.asked()).fetchone()
            assert lease is not None
            self.rank = lease[4]
        return 1000 * (cpu_of(self.postgres) - before) / CLAIMS


def scanned(plan: dict[str, Any]) -> list[str]:
    """The large tables in `plan` that are read from end to end."""
    own = plan["Node Type"] == "Seq Scan" and plan.get("Relation Name") in TABLES
    below = [name for each in plan.get("Plans", ()) for name in scanned(each)]
    return [plan["Relation Name"], *below] if own else below


def measure(sizes: list[int], done: int) -> list[Figures]:
    with ExitStack() as stack:
        crowds = [Crowd(stack, tasks, done) for tasks in sizes]
        import django

        django.setup()
        from evalhub.campaigns.services.claim import FRESH

        seen = [crowd.look(FRESH) for crowd in crowds]
        turns = [[crowd.cpu_ms(FRESH) for crowd in crowds] for _ in range(TURNS)]
        return [
            Figures(crowd.tasks, crowd.done, told, list(cpu))
            for crowd, told, cpu in zip(crowds, seen, zip(*turns, strict=True), strict=True)
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--done", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = measure(chosen.tasks, chosen.done)
    if not chosen.json:
        show(rows)
    sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")


def show(rows: list[Figures]) -> None:
    table = Table(title="A claim: blocks read, and PostgreSQL's CPU (median of five turns)")
    for name in ("tasks", "done each", "statistics", "plan", "blocks", "ms", "scanned", "CPU ms"):
        table.add_column(name, justify="right")
    for row in rows:
        for each in row.seen:
            table.add_row(
                f"{row.tasks:,}",
                f"{row.done_each:,}",
                each.statistics,
                each.plan,
                str(each.blocks),
                f"{each.milliseconds:.2f}",
                ", ".join(each.scanned) or "nothing",
                f"{statistics.median(row.cpu_ms):.2f}",
            )
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
