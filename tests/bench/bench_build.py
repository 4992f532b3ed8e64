"""A build from many judgments: seconds, and what the process needs at most.

    python -m tests.bench.bench_build [--judgments 100000] [--json]

Fills a private database with comparisons that carry ratings on two criteria, builds the preference
and the SFT dataset from them in a process of its own each, and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

WORDS = 100  # per text; prompt, two answers
PER_PROMPT = 5  # judgments

_FILL = """
    INSERT INTO prompts_promptgroup (uid, created_at, workspace_id, split)
    SELECT gen_random_uuid(), now(), %(workspace)s,
           (ARRAY['train','train','train','train','train','train','train','train','validation','test'])[1 + n %% 10]
    FROM generate_series(1, %(prompts)s) n;

    INSERT INTO prompts_prompt (uid, created_at, workspace_id, collection_id, group_id, external_id,
                                messages, fingerprint, documents, slices)
    SELECT gen_random_uuid(), now(), %(workspace)s, %(collection)s, id, 'p' || id,
           jsonb_build_array(jsonb_build_object('role', 'user', 'content',
               (SELECT string_agg(substr(md5(g.id::text || w), 1, 6), ' ')
                FROM generate_series(1, %(words)s) w))),
           md5(id::text), '[]', '{}'
    FROM prompts_promptgroup g WHERE workspace_id = %(workspace)s;

    INSERT INTO prompts_completion (uid, created_at, workspace_id, prompt_id, generation_id,
                                    external_id, content, finish)
    SELECT gen_random_uuid(), now(), %(workspace)s, p.id, %(generation)s, 'c' || c,
           (SELECT string_agg(substr(md5(p.id::text || c || w), 1, 6), ' ')
            FROM generate_series(1, %(words)s) w), 'stop'
    FROM prompts_prompt p, generate_series(0, 1) c WHERE p.workspace_id = %(workspace)s;

    INSERT INTO campaigns_task (uid, created_at, campaign_id, prompt_id, kind, lot, overlap,
                                open_places, judged)
    SELECT gen_random_uuid(), now(), %(campaign)s, id, 'normal', id, %(each)s, 0, %(each)s
    FROM prompts_prompt WHERE workspace_id = %(workspace)s;

    INSERT INTO judgments_judgment (uid, created_at, workspace_id, campaign_id, task_id, member_id,
                                    source, body_digest, critique, external_id, judged_at)
    SELECT gen_random_uuid(), now(), %(workspace)s, %(campaign)s, t.id, %(member)s, 'human', '', '',
           '', now()
    FROM campaigns_task t, generate_series(1, %(each)s) n WHERE t.campaign_id = %(campaign)s;

    INSERT INTO judgments_preference (judgment_id, first_id, second_id, margin, both_bad)
    SELECT j.id, a.id, b.id, 1 + (hashtext(j.id::text) & 3) - 2, false
    FROM judgments_judgment j JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_completion a ON a.prompt_id = t.prompt_id AND a.external_id = 'c0'
    JOIN prompts_completion b ON b.prompt_id = t.prompt_id AND b.external_id = 'c1';

    INSERT INTO judgments_rating (judgment_id, completion_id, criterion_id, value, reason)
    SELECT j.id, c.id, k.id, 1 + (hashtext(j.id::text || c.id || k.id) & 1023) %% 5, ''
    FROM judgments_judgment j JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_completion c ON c.prompt_id = t.prompt_id
    JOIN rubrics_criterion k ON k.version_id = %(version)s AND k.position < 2;

    ANALYZE;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if options.child:
        print(json.dumps(_build(options.child)))
        return
    from tests.ground import Ground

    ground = Ground()
    try:
        found = _measure(options.judgments)
    finally:
        ground.clear_away()
    print(json.dumps(found) if options.json else _table(found))


def _measure(judgments: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    _fill(judgments)
    filled = time.perf_counter() - began
    connection.close()
    kinds = ["near-duplicates", "preference", "sft"]
    return {"judgments": judgments, "filled_s": round(filled, 1)} | {
        kind: _in_a_child(kind) for kind in kinds
    }


def _in_a_child(kind: str) -> dict[str, Any]:
    """A process of its own, so that its peak is the build's alone."""
    command = [sys.executable, "-m", "tests.bench.bench_build", "--child", kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _fill(judgments: int) -> None:
    from django.db import connection

    from evalhub.rubrics.services import default_rubric
    from tests.factories import (
        CampaignFactory,
        CollectionFactory,
        GenerationFactory,
        MemberFactory,
        WorkspaceFactory,
    )

    workspace = WorkspaceFactory.create(slug="bench")
    version = default_rubric(workspace=workspace)
    values = {
        "workspace": workspace.pk,
        "collection": CollectionFactory.create(workspace=workspace).pk,
        "generation": GenerationFactory.create(workspace=workspace).pk,
        "campaign": CampaignFactory.create(workspace=workspace, rubric_version=version).pk,
        "member": MemberFactory.create(workspace=workspace).pk,
        "version": version.pk,
        "prompts": judgments // PER_PROMPT,
        "each": PER_PROMPT,
        "words": WORDS,
    }
    with connection.cursor() as cursor:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values if "%(" in statement else None)


def _build(kind: str) -> dict[str, Any]:
    """What one build takes. The first pass looks for near-duplicates and is told apart."""
    import django

    django.setup()
    from evalhub.accounts.models import Workspace
    from evalhub.datasets.choices import BuildKind
    from evalhub.datasets.services import ensure_dataset, start_build, start_grouping
    from evalhub.jobs.jobs import execute

    workspace = Workspace.objects.get(slug="bench")
    if kind == "near-duplicates":
        job = start_grouping(workspace=workspace)
    else:
        dataset = ensure_dataset(
            workspace=workspace, name=kind, kind=BuildKind(kind), definition={}
        )
        job = start_build(dataset=dataset).job
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    execute(job.uid)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    job.refresh_from_db()
    return {
        "state": job.state,
        "seconds": round(seconds, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "rss_at_start_mb": before.ru_maxrss // 1024,
        "peak_rss_mb": after.ru_maxrss // 1024,
        "rows": job.result.get("rows"),
    }


def _table(found: dict[str, Any]) -> str:
    lines = [f"{found['judgments']:,} judgments (filled in {found['filled_s']} s)"]
    for kind in ("near-duplicates", "preference", "sft"):
        each = found[kind]
        lines.append(
            f"  {kind:16} {each['seconds']:6.1f} s  {each['cpu_s']:6.1f} s CPU  "
            f"peak {each['peak_rss_mb']} MB (start {each['rss_at_start_mb']})  {each['rows'] or ''}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
