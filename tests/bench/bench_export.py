"""An export of many judgments: CPU of our process and of PostgreSQL's, and peak memory.

    python -m tests.bench.bench_export [--judgments 10000 50000] [--json]

Fills a private database with judged comparisons, each with ratings of both answers on five
criteria, a critique, two marked passages and every tenth a correction, and exports them in each
format in a process of its own. The bar: 50,000 judgments in 5 CPU s and 250 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PER_TASK = 5  # judgments
CRITERIA = 5
FORMATS = ("jsonl", "csv", "parquet")

_FILL = """
    INSERT INTO prompts_promptgroup (uid, created_at, workspace_id, split)
    SELECT gen_random_uuid(), now(), %(workspace)s, 'train' FROM generate_series(1, %(tasks)s) n;

    INSERT INTO prompts_prompt (uid, created_at, workspace_id, collection_id, group_id, external_id,
                                messages, fingerprint, documents, slices)
    SELECT gen_random_uuid(), now(), %(workspace)s, %(collection)s, id, 'p' || id,
           '[{"role": "user", "content": "Why is the sky blue?"}]', md5(id::text), '[]', '{}'
    FROM prompts_promptgroup g WHERE workspace_id = %(workspace)s;

    INSERT INTO prompts_completion (uid, created_at, workspace_id, prompt_id, generation_id,
                                    external_id, content, finish)
    SELECT gen_random_uuid(), now(), %(workspace)s, p.id, %(generation)s, 'c' || c,
           'Short waves scatter more than long ones.', 'stop'
    FROM prompts_prompt p, generate_series(0, 1) c WHERE p.workspace_id = %(workspace)s;

    INSERT INTO campaigns_task (uid, created_at, campaign_id, prompt_id, kind, lot, overlap,
                                open_places, judged)
    SELECT gen_random_uuid(), now(), %(campaign)s, id, 'normal', id, %(each)s, 0, %(each)s
    FROM prompts_prompt WHERE workspace_id = %(workspace)s;

    INSERT INTO campaigns_taskcompletion (task_id, completion_id, place)
    SELECT t.id, c.id, substr(c.external_id, 2)::int
    FROM campaigns_task t JOIN prompts_completion c ON c.prompt_id = t.prompt_id
    WHERE t.campaign_id = %(campaign)s;

    INSERT INTO campaigns_assignment (uid, created_at, campaign_id, task_id, member_id, state,
                                      token, expires_at, permutation, claimed_at)
    SELECT gen_random_uuid(), now(), %(campaign)s, t.id, m.id, 'submitted', 1, now(),
           CASE WHEN (t.id + m.id) %% 2 = 0 THEN ARRAY[0, 1] ELSE ARRAY[1, 0] END, now()
    FROM campaigns_task t, accounts_member m
    WHERE t.campaign_id = %(campaign)s AND m.workspace_id = %(workspace)s;

    INSERT INTO judgments_judgment (uid, created_at, workspace_id, campaign_id, task_id, member_id,
                                    assignment_id, source, body_digest, critique, external_id,
                                    judged_at, active_ms, wall_ms)
    SELECT gen_random_uuid(), now() - interval '1 hour', %(workspace)s, %(campaign)s, a.task_id,
           a.member_id, a.id, 'human', '', repeat('It explains why, and says how far. ', 4), '',
           now(), 30000, 40000
    FROM campaigns_assignment a WHERE a.campaign_id = %(campaign)s ORDER BY md5(a.id::text);

    INSERT INTO judgments_preference (judgment_id, first_id, second_id, margin, both_bad)
    SELECT j.id, a.completion_id, b.completion_id, 1 + (hashtext(j.id::text) & 3) - 2, false
    FROM judgments_judgment j JOIN campaigns_taskcompletion a ON a.task_id = j.task_id AND a.place = 0
    JOIN campaigns_taskcompletion b ON b.task_id = j.task_id AND b.place = 1
    WHERE j.campaign_id = %(campaign)s;

    INSERT INTO judgments_rating (judgment_id, completion_id, criterion_id, value, reason, comment)
    SELECT j.id, c.completion_id, k.id, 1 + (hashtext(j.id::text || c.id || k.id) & 1023) %% 5, '', ''
    FROM judgments_judgment j JOIN campaigns_taskcompletion c ON c.task_id = j.task_id
    JOIN rubrics_criterion k ON k.version_id = %(version)s
    WHERE j.campaign_id = %(campaign)s ORDER BY j.id;

    INSERT INTO judgments_span (judgment_id, completion_id, start, "end", error_type, severity,
                                evidence, note)
    SELECT j.id, c.completion_id, 0, 5, 'fact', 'major', '', 'Not in the sources'
    FROM judgments_judgment j JOIN campaigns_taskcompletion c ON c.task_id = j.task_id
    WHERE j.campaign_id = %(campaign)s ORDER BY j.id;

    INSERT INTO judgments_correction (judgment_id, completion_id, content)
    SELECT j.id, c.completion_id, repeat('Short waves scatter more than long ones. ', 10)
    FROM judgments_judgment j JOIN campaigns_taskcompletion c ON c.task_id = j.task_id AND place = 0
    WHERE j.campaign_id = %(campaign)s AND j.id %% 10 = 0;

    VACUUM ANALYZE;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if options.child:
        print(json.dumps(_export(options.child)))
        return
    from tests.ground import Ground

    ground = Ground()
    try:
        found = _measure(options.judgments)
    finally:
        ground.clear_away()
    print(json.dumps(found) if options.json else _table(found))


def _measure(counts: list[int]) -> list[dict[str, Any]]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    found = []
    for count in counts:
        campaign = _fill(count)
        connection.close()
        found += [_in_a_child(f"{campaign} {format}") for format in FORMATS]
    return found


def _in_a_child(what: str) -> dict[str, Any]:
    """A process of its own, so that its peak is the export's alone."""
    command = [sys.executable, "-m", "tests.bench.bench_export", "--child", what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _fill(judgments: int) -> str:
    from django.db import connection

    from tests.factories import (
        CampaignFactory,
        CollectionFactory,
        CriterionFactory,
        GenerationFactory,
        MemberFactory,
        RubricVersionFactory,
        WorkspaceFactory,
    )

    workspace = WorkspaceFactory.create()
    version = RubricVersionFactory.create(rubric__workspace=workspace)
    CriterionFactory.create_batch(CRITERIA, version=version)
    campaign = CampaignFactory.create(workspace=workspace, rubric_version=version)
    MemberFactory.create_batch(PER_TASK, workspace=workspace)
    values = {
        "workspace": workspace.pk,
        "collection": CollectionFactory.create(workspace=workspace).pk,
        "generation": GenerationFactory.create(workspace=workspace).pk,
        "campaign": campaign.pk,
        "version": version.pk,
        "tasks": judgments // PER_TASK,
        "each": PER_TASK,
    }
    with connection.cursor() as cursor:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values if "%(" in statement else None)
    return str(campaign.uid)


def _export(what: str) -> dict[str, Any]:
    import django
    import psutil

    django.setup()
    from django.db import connection

    from evalhub.campaigns.models import Campaign
    from evalhub.reports.choices import ExportFormat
    from evalhub.reports.services import export_to_file

    uid, format = what.split()
    campaign = Campaign.objects.select_related("workspace", "rubric_version__rubric").get(uid=uid)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    before, ours = server.cpu_times(), resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        written = export_to_file(
            campaign=campaign,
            format=ExportFormat(format),
            everything=False,
            target=Path(folder) / "judgments",
            report=lambda _done, _total: None,
        )
    seconds = time.perf_counter() - began
    after, later = server.cpu_times(), resource.getrusage(resource.RUSAGE_SELF)
    return {
        "format": format,
        "rows": written["rows"],
        "mb": round(written["bytes"] / 1e6, 1),
        "seconds": round(seconds, 2),
        "cpu_s": round(later.ru_utime + later.ru_stime - ours.ru_utime - ours.ru_stime, 2),
        "server_cpu_s": round(after.user + after.system - before.user - before.system, 2),
        "rss_at_start_mb": ours.ru_maxrss // 1024,
        "peak_rss_mb": later.ru_maxrss // 1024,
    }


def _table(found: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{each['rows']:>8,} {each['format']:8} {each['seconds']:6.2f} s  "
        f"{each['cpu_s']:5.2f} + {each['server_cpu_s']:5.2f} s CPU (ours + PostgreSQL)  "
        f"{each['mb']:6.1f} MB  peak {each['peak_rss_mb']} MB (start {each['rss_at_start_mb']})"
        for each in found
    )


if __name__ == "__main__":
    main()
