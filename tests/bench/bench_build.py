"""A build from many judgments: CPU of our process and of PostgreSQL's, and peak memory.

    python -m tests.bench.bench_build [--judgments 100000 …] [--criteria 0] [--near] [--json]

Fills a private database with comparisons that carry ratings on so many criteria, builds the preference
and the SFT dataset from them in a process of its own each, and prints a table. "copy" is what the
preference rows cost at least: PostgreSQL tallies the votes and writes the texts (COPY … TO STDOUT),
pyarrow reads them and writes Parquet. "assembly" is our reading, deciding, sorting and writing of them.
The bar: that takes at most three times as long, a build 600 MB, and both grow in line with the judgments.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORDS = 100  # per text; prompt, two answers
PER_PROMPT = 5  # judgments
UNCLEANED = {  # bench_cleaning measures that
    "unicode": False,
    "white_space": False,
    "control_tokens": False,
    "refused": "off",
    "truncated": "off",
    "off_topic": "off",
    "language": "off",
    "outliers": "off",
    "personal": "off",
    "unsafe": "off",
    "near_duplicates": "off",
    "contradictions": "off",
    "cycles": "off",
}

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

    INSERT INTO judgments_rating (judgment_id, completion_id, criterion_id, value, reason, comment)
    SELECT j.id, c.id, k.id, 1 + (hashtext(j.id::text || c.id || k.id) & 1023) %% 5, '', ''
    FROM judgments_judgment j JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_completion c ON c.prompt_id = t.prompt_id
    JOIN rubrics_criterion k ON k.version_id = %(version)s AND k.position < %(criteria)s;

    ANALYZE;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, nargs="+", default=[100_000])
    parser.add_argument("--criteria", type=int, default=0)
    parser.add_argument("--near", action="store_true", help="look for near-duplicates ahead")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if options.child:
        print(json.dumps(_child(options.child)))
        return
    from tests.ground import Ground

    if (
        len(options.judgments) > 1
    ):  # settings know one server, so each size has a process of its own
        like = [each for each in sys.argv[1:] if not each.isdigit() and each != "--judgments"]
        for judgments in options.judgments:
            again = [sys.executable, "-m", "tests.bench.bench_build", *like]
            again += ["--criteria", str(options.criteria), "--judgments", str(judgments)]
            subprocess.run(again, check=True)
        return
    ground = Ground()
    try:
        found = _measure(options.judgments[0], criteria=options.criteria, near=options.near)
    finally:
        ground.clear_away()
    print(json.dumps(found) if options.json else _table(found))


def _measure(judgments: int, *, criteria: int, near: bool) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    _fill(judgments, criteria)
    filled = time.perf_counter() - began
    connection.close()
    kinds = [*(["near-duplicates"] if near else []), "copy", "assembly", "preference", "sft"]
    measured = {kind: _in_a_child(kind) for kind in kinds}
    ratio = _both(measured["assembly"]) / _both(measured["copy"])
    return {
        "judgments": judgments,
        "criteria": criteria,
        "filled_s": round(filled, 1),
        "ratio": round(ratio, 2),
        "measured": measured,
    }


def _in_a_child(kind: str) -> dict[str, Any]:
    """A process of its own, so that its peak is the build's alone."""
    command = [sys.executable, "-m", "tests.bench.bench_build", "--child", kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _fill(judgments: int, criteria: int) -> None:
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
        "criteria": criteria,
    }
    with connection.cursor() as cursor:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values if "%(" in statement else None)


def _child(kind: str) -> dict[str, Any]:
    """What one of them takes."""
    import django
    import psutil

    django.setup()
    from django.db import connection

    special = {"copy": _copying, "assembly": _assembling}
    work = special[kind]() if kind in special else _building(kind)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    before, ours = server.cpu_times(), resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    rows = work()
    seconds = time.perf_counter() - began
    after, later = server.cpu_times(), resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rows": rows,
        "seconds": round(seconds, 1),
        "cpu_s": round(later.ru_utime + later.ru_stime - ours.ru_utime - ours.ru_stime, 2),
        "server_cpu_s": round(after.user + after.system - before.user - before.system, 2),
        "rss_at_start_mb": ours.ru_maxrss // 1024,
        "peak_rss_mb": later.ru_maxrss // 1024,
    }


def _building(kind: str) -> Callable[[], Any]:
    """A build without the look for near-duplicates, or that look alone."""
    from evalhub.accounts.models import Workspace
    from evalhub.datasets.choices import BuildKind
    from evalhub.datasets.services import ensure_dataset, start_build, start_grouping
    from evalhub.jobs.jobs import execute

    workspace = Workspace.objects.get(slug="bench")
    if kind == "near-duplicates":
        job = start_grouping(workspace=workspace)
    else:
        dataset = ensure_dataset(
            workspace=workspace,
            name=kind,
            kind=BuildKind(kind),
            definition={"near_duplicates": False, "cleaning": UNCLEANED},
        )
        job = start_build(dataset=dataset).job

    def work() -> Any:
        execute(job.uid)
        job.refresh_from_db()
        if job.state != "succeeded":
            raise SystemExit(f"The build {job.state}: {job.error}")
        return job.result.get("rows")

    return work


def _assembling() -> Callable[[], Any]:
    """The preference rows alone, of a snapshot that there is."""
    from evalhub.accounts.models import Workspace
    from evalhub.datasets.building import Building
    from evalhub.datasets.choices import BuildKind
    from evalhub.datasets.cleaning.door import Cleaner
    from evalhub.datasets.definition import definition_of
    from evalhub.datasets.lengths import Lengths
    from evalhub.datasets.services import ensure_dataset
    from evalhub.quality.scope import Scope
    from evalhub.quality.services import take_snapshot

    workspace = Workspace.objects.get(slug="bench")
    definition = definition_of({"near_duplicates": False, "cleaning": UNCLEANED})
    dataset = ensure_dataset(
        workspace=workspace, name="rows", kind=BuildKind.PREFERENCE, definition={}
    )
    snapshot = take_snapshot(workspace)
    scope = Scope(snapshot, definition.counted_sources)

    def work() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            building = Building(
                kind=BuildKind.PREFERENCE,
                definition=definition,
                lengths=Lengths(),
                cleaner=Cleaner(dataset, BuildKind.PREFERENCE, definition.cleaning, Path(folder)),
                folder=Path(folder) / "work",
            )
            building.collect(scope, lambda _done, _total: None)
            out = Path(folder) / "out"
            out.mkdir()
            building.write(out)
        return building.counts.rows.total()

    return work


_COPY = """
    COPY (
        SELECT p.messages, first.content AS first, second.content AS second, v.*, g.uid AS group,
               g.split
        FROM (
            SELECT r.first_id, r.second_id, count(*) AS votes, sum(sign(r.margin)) AS margin,
                   array_agg(j.uid) AS judgments
            FROM judgments_preference r JOIN judgments_judgment j ON j.id = r.judgment_id
            GROUP BY 1, 2
        ) v
        JOIN prompts_completion first ON first.id = v.first_id
        JOIN prompts_completion second ON second.id = v.second_id
        JOIN prompts_prompt p ON p.id = first.prompt_id
        JOIN prompts_promptgroup g ON g.id = p.group_id
    ) TO STDOUT (FORMAT csv, HEADER)
"""


def _copying() -> Callable[[], int]:
    from django.db import connection
    from pyarrow import csv, parquet

    def work() -> int:
        rows = 0
        connection.ensure_connection()
        with tempfile.TemporaryDirectory() as folder:
            text = Path(folder) / "rows.csv"
            with (
                text.open("wb") as stream,
                connection.connection.cursor() as cursor,
                cursor.copy(_COPY) as copy,
            ):
                for block in copy:
                    stream.write(block)
            options = csv.ParseOptions(newlines_in_values=True)
            with csv.open_csv(text, parse_options=options) as reader:
                target = Path(folder) / "rows.parquet"
                with parquet.ParquetWriter(target, reader.schema, compression="zstd") as writer:
                    for batch in reader:
                        writer.write_batch(batch)
                        rows += batch.num_rows
        return rows

    return work


def _both(each: dict[str, Any]) -> float:
    return float(each["cpu_s"] + each["server_cpu_s"])


def _table(found: dict[str, Any]) -> str:
    lines = [
        f"{found['judgments']:,} judgments, {found['criteria']} criteria rated "
        f"(filled in {found['filled_s']} s): assembly / copy = {found['ratio']}"
    ]
    for kind, each in found["measured"].items():
        lines.append(
            f"  {kind:16} {each['seconds']:6.1f} s  {each['cpu_s']:6.2f} + {each['server_cpu_s']:5.2f} "
            f"s CPU (ours + PostgreSQL)  peak {each['peak_rss_mb']} MB "
            f"(start {each['rss_at_start_mb']})  {each['rows'] or ''}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
