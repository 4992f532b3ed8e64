"""The reports of a campaign of a million judgments by 200 people, and keeping its consensus up to date.

    python -m tests.bench.bench_reports [--judgments 10000 1000000] [--json]

For each size a PostgreSQL of its own with one campaign of comparisons of six models, three judgments a
task, each person right with their own chance, prompts with three slices each, answers of 20 to 220 words. Reported is CPU of our process and of PostgreSQL's, and
this process's peak memory. The reports are made as by the job for all of them, from answers that are read once: whichever is
first pays for the reading. `settle` is the first time, with a fit of everything; `settle again` the next,
which takes that fit. The bar: all reports in 60 CPU s at a million.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.bench.bench_claim_plan import Crowd
from tests.bench.bench_claim_submit import SETTINGS, cpu_of
from tests.bench.bench_lead import _where

if TYPE_CHECKING:
    from evalhub.campaigns.models import Campaign

PEOPLE, MODELS = 200, 6
_GROUPS = """
    INSERT INTO prompts_promptgroup (uid, created_at, workspace_id, split)
        SELECT gen_random_uuid(), now(), (SELECT min(id) FROM accounts_workspace), 'train'
        FROM prompts_prompt;
    WITH groups AS (SELECT id, row_number() OVER (ORDER BY id DESC) n FROM prompts_promptgroup),
         prompts AS (SELECT id, row_number() OVER (ORDER BY id) n FROM prompts_prompt)
    UPDATE prompts_prompt p
        SET group_id = groups.id,
            slices = jsonb_build_object('language', (ARRAY['de', 'en', 'fr', 'es'])[1 + p.id % 4],
                                        'domain', 'domain ' || p.id % 12, 'source', 'set ' || p.id % 7)
        FROM groups, prompts
        WHERE groups.n = prompts.n AND p.id = prompts.id;
"""
_ANSWERS = """
    WITH placed AS (SELECT completion_id, place FROM campaigns_taskcompletion)
    UPDATE prompts_completion c
    SET content = repeat('word ', (20 + c.id * 7919 %% 200)::int), generation_id = (%s::bigint[])[1 + (c.prompt_id + place * (1 + c.prompt_id / 6 %% 5)) %% 6]
    FROM placed WHERE completion_id = c.id
"""
# Each person is right with a chance of their own, from .5 to .98; one in ten answers is a tie.
_JUDGED = """
    INSERT INTO judgments_judgment (uid, created_at, judged_at, workspace_id, campaign_id, task_id,
                                    member_id, assignment_id, source, submission_id, body_digest,
                                    active_ms, critique, external_id)
        SELECT gen_random_uuid(), moment, moment, c.workspace_id, a.campaign_id, a.task_id,
               a.member_id, a.id, 'human', gen_random_uuid(), '', 20000 + a.id % 60000, '', ''
        FROM campaigns_assignment a JOIN campaigns_campaign c ON c.id = a.campaign_id
        CROSS JOIN LATERAL (SELECT now() - interval '10 days' * ((a.id * 7919 % 10007) / 10007.0)
                            AS moment) at;
    INSERT INTO judgments_preference (judgment_id, first_id, second_id, margin, both_bad)
        SELECT j.id, a.completion_id, b.completion_id,
               CASE WHEN random() < .1 THEN 0
                    WHEN random() < .5 + .48 * (j.member_id % 100) / 100.0 THEN 2 * (j.task_id % 2) - 1
                    ELSE 1 - 2 * (j.task_id % 2) END, false
        FROM judgments_judgment j
        JOIN campaigns_taskcompletion a ON a.task_id = j.task_id AND a.place = 0
        JOIN campaigns_taskcompletion b ON b.task_id = j.task_id AND b.place = 1;
    VACUUM ANALYZE;
"""


def measure(sizes: list[int]) -> list[dict[str, Any]]:
    found = []
    for judgments in sizes:
        with ExitStack() as stack:
            done = judgments // PEOPLE
            tasks = judgments // 3 + 2200
            found.append(_measured(Crowd(stack, tasks, done, annotators=PEOPLE)))
    return found


def _measured(crowd: Crowd) -> dict[str, Any]:
    import django
    from django.db import connections

    django.setup()
    connections.close_all()
    connections["default"].settings_dict |= _where(crowd)
    return _asked(crowd)


def _asked(crowd: Crowd) -> dict[str, Any]:
    from django.db import connection

    from evalhub.campaigns.models import Campaign
    from evalhub.judgments.models import Judgment
    from evalhub.prompts.models import Generation
    from evalhub.quality.settling import settle
    from evalhub.registry.models import LanguageModel
    from evalhub.reports.making import REPORTS

    campaign = Campaign.objects.get(pk=crowd.campaign)
    source = LanguageModel.objects.order_by("pk").values("workspace_id", "kind", "source")[0]
    generations = [
        Generation.objects.create(
            workspace=campaign.workspace,
            model=LanguageModel.objects.create(name=f"model-{nth}", **source),
        ).pk
        for nth in range(MODELS)
    ]
    crowd.wire.execute(_ANSWERS, [generations])
    for statement in (_GROUPS + _JUDGED).split(";"):
        if statement.strip():
            crowd.wire.execute(statement)
    connection.ensure_connection()
    timed = _reports(campaign, crowd)
    for name in ("settle", "settle again"):
        timed[name] = _timed(lambda: settle(campaign), crowd)
    return {
        "judgments": Judgment.objects.count(),
        "cpu_s": timed,
        "all_reports_s": sum(timed[kind] for kind in REPORTS),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _reports(campaign: Campaign, crowd: Crowd) -> dict[str, float]:
    from evalhub.reports.making import REPORTS, Read

    read = Read(campaign)
    return {kind: _timed(partial(make, read), crowd) for kind, make in sorted(REPORTS.items())}


def _timed(work: Callable[[], object], crowd: Crowd) -> float:
    """CPU seconds of both processes."""
    before = time.process_time() + cpu_of(crowd.postgres)
    work()
    return time.process_time() + cpu_of(crowd.postgres) - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = measure(chosen.judgments)
    if not chosen.json:
        show(rows)
    sys.stdout.write(json.dumps(rows) + "\n")


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Reports: CPU s")
    names = ["judgments", *rows[0]["cpu_s"], "all reports", "peak MB"]
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        figures = [*row["cpu_s"].values(), row["all_reports_s"]]
        table.add_row(
            f"{row['judgments']:,}", *(f"{each:.1f}" for each in figures), f"{row['peak_mb']:.0f}"
        )
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
