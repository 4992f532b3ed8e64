"""Looking for near-duplicates among many prompts: CPU seconds, and what the process needs at most.

    python -m tests.bench.bench_near [--prompts 200000] [--json]

Fills a private database with prompts of 100 words, of which every tenth is an earlier one with
two words changed, looks for near-duplicates in a process of its own, then again after 1,000 more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

WORDS = 100  # per prompt
EVERY = 10  # prompt is a near-duplicate
LATER = 1_000  # prompts come when all are looked at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if options.child:
        print(json.dumps(_look()))
        return
    from tests.ground import Ground

    ground = Ground()
    try:
        found = _measure(options.prompts)
    finally:
        ground.clear_away()
    print(json.dumps(found) if options.json else _table(found))


def _measure(prompts: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.factories import CollectionFactory, WorkspaceFactory

    call_command("migrate", verbosity=0)
    workspace = WorkspaceFactory.create(slug="bench")
    collection = CollectionFactory.create(workspace=workspace)
    chance = random.Random(1)
    words = [f"w{chance.randrange(16**5):x}" for _ in range(20_000)]
    _fill(workspace, collection, _texts(prompts, words, chance))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = {"prompts": prompts, "first": _in_a_child()}
    _fill(workspace, collection, _texts(LATER, words, chance))
    return found | {"later": _in_a_child()}


def _texts(count: int, words: list[str], chance: random.Random) -> Iterator[str]:
    drawn = chance.choices(words, k=WORDS)
    for nth in range(count):
        if nth % EVERY == EVERY - 1:
            drawn = list(drawn)
            for at in chance.sample(range(WORDS), 2):
                drawn[at] = "else"
        else:
            drawn = chance.choices(words, k=WORDS)
        yield " ".join(drawn)


def _fill(workspace: Any, collection: Any, texts: Iterator[str]) -> None:
    from evalhub.common.copying import copy_in, keys_for
    from evalhub.prompts.models import Prompt, PromptGroup

    for some in _batches(texts):
        keys = keys_for(PromptGroup, len(some))
        copy_in(
            PromptGroup,
            ["id", "workspace_id", "split"],
            ((key, workspace.pk, "train") for key in keys),
        )
        copy_in(
            Prompt,
            ["workspace_id", "collection_id", "group_id", "external_id", "fingerprint", "messages"],
            (
                (workspace.pk, collection.pk, key, f"p{key}", f"{key:064}", _messages(text))
                for key, text in zip(keys, some, strict=True)
            ),
        )


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    from itertools import islice

    while some := list(islice(texts, 10_000)):
        yield some


def _messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _in_a_child() -> dict[str, Any]:
    """A process of its own, so that its peak is the search's alone."""
    command = [sys.executable, "-m", "tests.bench.bench_near", "--child"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _look() -> dict[str, Any]:
    import django

    django.setup()
    import psutil
    from django.db import connection

    from evalhub.accounts.models import Workspace
    from evalhub.prompts.near import merge_near_duplicates

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    at_server = sum(server.cpu_times()[:2])
    near = merge_near_duplicates(Workspace.objects.get(slug="bench"), report=lambda done, of: None)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "looked": near.looked,
        "compared": near.compared,
        "beyond": near.beyond,
        "merged": len(near.merges),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "server_cpu_s": round(sum(server.cpu_times()[:2]) - at_server, 1),
        "peak_rss_mb": after.ru_maxrss // 1024,
    }


def _table(found: dict[str, Any]) -> str:
    return "\n".join(
        "{looked:>8,} looked at, {compared:,} pairs compared, {merged:,} merged: {seconds} s, "
        "{cpu_s} s CPU and {server_cpu_s} s in PostgreSQL, peak {peak_rss_mb} MB".format(**each)
        for each in (found["first"], found["later"])
    )


if __name__ == "__main__":
    main()
