"""Cleaning texts by the defaults: milliseconds of CPU a distinct text, and none the second time.

    python -m tests.bench.bench_cleaning [--texts 100000] [--json]

The texts are answers of about 700 characters in English, German and Russian with a list and some
code; one in fifty has mojibake, a mark of a chat template and an address. A second pass in a
process of its own shows what known texts cost; `language` adds the look by lingua.
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
from typing import Any

BATCH = 1_000  # texts, as a batch of a build has
WORDS = {
    "en": "the light of a clear sky is scattered by molecules air and short waves go everywhere so we see blue",
    "de": "das Licht des klaren Himmels wird gestreut größer für kurze Wellen überall daher sehen wir blau",
    "ru": "свет ясного неба рассеивается молекулами воздуха короткие волны идут повсюду поэтому мы видим",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if options.child:
        print(json.dumps(_clean(options.texts, options.child)))
        return
    from tests.ground import Ground

    ground = Ground()
    try:
        found = _measure(options.texts)
    finally:
        ground.clear_away()
    print(json.dumps(found) if options.json else _table(found))


def _measure(texts: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    from tests.factories import WorkspaceFactory

    call_command("migrate", verbosity=0)
    WorkspaceFactory.create(slug="bench")
    return {
        "first": _in_a_child(texts, "first"),
        "again": _in_a_child(texts, "again"),
        "language": _in_a_child(texts // 10, "language"),
    }


def _in_a_child(texts: int, name: str) -> dict[str, Any]:
    """A process of its own, so that its peak is the cleaning's alone."""
    command = [sys.executable, "-m", "tests.bench.bench_cleaning", "--texts", str(texts)]
    done = subprocess.run(
        [*command, "--child", name], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _text(nth: int, chance: random.Random) -> str:
    words = chance.choice(sorted(WORDS.items()))[1].split()
    sentences = [" ".join(chance.choices(words, k=12)).capitalize() for _ in range(8)]
    prose = ". ".join(sentences)
    mess = "\n\nschÃ¶n <|im_end|> ada@example.org  \n" if nth % 50 == 0 else ""
    return f"{prose}.{mess}\n\n- one\n- number {nth}\n\n```python\nfor n in range({nth}):\n    print(n)\n```"


def _clean(texts: int, name: str) -> dict[str, Any]:
    import django

    django.setup()
    from evalhub.accounts.models import Workspace
    from evalhub.datasets.cleaning.options import Cleaning
    from evalhub.datasets.cleaning.recipe import Recipe
    from evalhub.datasets.cleaning.store import Store

    options = Cleaning(languages=["en", "de", "ru"]) if name == "language" else Cleaning()
    store = Store(Workspace.objects.get(slug="bench"), Recipe(options, "answer"))
    chance = random.Random(1)
    changed, cpu, began = 0, 0.0, time.perf_counter()
    for first in range(0, texts, BATCH):
        batch = [_text(nth, chance) for nth in range(first, min(first + BATCH, texts))]
        before = time.process_time()
        cleaned = store.clean(batch)
        cpu += time.process_time() - before
        changed += sum(given != each.text for given, each in cleaned.items())
    return {
        "cleaned": store.cleaned,
        "known": store.known,
        "changed": changed,
        "seconds": round(time.perf_counter() - began, 1),
        "ms_a_text": round(1000 * cpu / texts, 3),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _table(found: dict[str, Any]) -> str:
    return "\n".join(
        f"{name:9} "
        + "{cleaned:>8,} cleaned, {known:,} known, {changed:,} changed: {ms_a_text} ms CPU a text, "
        "{seconds} s, peak {peak_rss_mb} MB".format(**each)
        for name, each in found.items()
    )


if __name__ == "__main__":
    main()
