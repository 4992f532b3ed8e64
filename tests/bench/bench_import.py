"""Bringing 100,000 tasks in: CPU and memory of the import and of filling the campaign.

    python -m tests.bench.bench_import [--prompts 100000] [--json]

Writes an evalhub JSONL file (a prompt of 100 words with two responses of 150 in each line), reads it
with `manage.py import_prompts`, and makes a comparison of each prompt with `add_from_completions`.
CPU is user + system of our process; PostgreSQL's own stands beside it. Memory is the most that our
process held, beside what it held before it began.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bench_claim_submit import SETTINGS, cpu_of, database, manage, url_of

WORDS = "the sky looks blue because short waves of light are scattered more than long ones"
OURS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Step:
    what: str
    rows: int
    seconds: float
    cpu_seconds: float
    database_seconds: float
    start_mb: float
    peak_mb: float


def measure(prompts: int) -> list[Step]:
    with temporary_place() as place, database(place) as postgres:
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        os.environ["PYTHONPATH"] = str(OURS)
        manage("migrate", "--verbosity", "0")
        manage("add_workspace", "bench", "--owner", "olga")
        file = place.root / "prompts.jsonl"
        write(file, prompts)
        return [
            timed(
                step,
                prompts,
                postgres,
                [sys.executable, "-m", __spec__.name, "--step", step, *more],
            )
            for step, more in (("nothing", []), ("import", [str(file)]), ("tasks", []))
        ][1:]


def write(file: Path, prompts: int) -> None:
    chance, words = Random(1), WORDS.split()

    def text(length: int) -> str:
        return " ".join(chance.choices(words, k=length))

    with file.open("w") as lines:
        for nth in range(prompts):
            line = {
                "id": f"p{nth}",
                "messages": [{"role": "user", "content": text(100)}],
                "completions": [
                    {"id": f"p{nth}-{name}", "model": f"model {name}", "content": text(150)}
                    for name in ("one", "two")
                ],
            }
            lines.write(json.dumps(line) + "\n")


def timed(what: str, rows: int, postgres: int, command: list[str]) -> Step:
    before, began = cpu_of(postgres), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    seconds = time.perf_counter() - began
    return Step(
        what, rows, seconds, told["cpu"], cpu_of(postgres) - before, told["start"], told["peak"]
    )


def step(name: str, files: list[str]) -> None:
    """In a process of its own: what it used is the last line it writes."""
    import django

    django.setup()
    start, cpu = _peak_mb(), time.process_time()
    if name == "import":
        from django.core.management import call_command

        call_command("import_prompts", *files, "--workspace", "bench", "--collection", "bench")
    if name == "tasks":
        _fill()
    told = {"cpu": time.process_time() - cpu, "start": start, "peak": _peak_mb()}
    sys.stdout.write("\n" + json.dumps(told) + "\n")


def _fill() -> None:
    from django.utils import timezone

    from evalhub.accounts.models import Workspace
    from evalhub.campaigns.choices import TaskType
    from evalhub.campaigns.services.campaigns import create_campaign
    from evalhub.campaigns.services.tasks import add_from_completions
    from evalhub.prompts.models import Completion
    from evalhub.rubrics.models import Rubric, RubricVersion

    workspace = Workspace.objects.get(slug="bench")
    rubric = Rubric.objects.create(workspace=workspace, slug="bench", name="Benchmark")
    version = RubricVersion.objects.create(rubric=rubric, number=1, published_at=timezone.now())
    campaign = create_campaign(
        workspace=workspace,
        title="Benchmark",
        rubric_version=version,
        type=TaskType.COMPARISON,
        overlap=3,
        by=None,
    )
    add_from_completions(
        campaign=campaign, completions=Completion.objects.filter(workspace=workspace), seed=1
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        step(chosen.step, chosen.files)
        return
    os.environ.update(SETTINGS)
    steps = measure(chosen.prompts)
    if not chosen.json:
        show(steps)
    sys.stdout.write(json.dumps([asdict(each) for each in steps]) + "\n")


def show(steps: list[Step]) -> None:
    table = Table(title="Bringing tasks in; target 8 s of CPU for 100,000")
    for name in ("", "rows", "wall s", "CPU s", "PostgreSQL s", "at the start MB", "peak MB"):
        table.add_column(name, justify="right")
    for each in steps:
        figures = (each.seconds, each.cpu_seconds, each.database_seconds)
        memory = (each.start_mb, each.peak_mb)
        table.add_row(
            each.what,
            f"{each.rows:,}",
            *(f"{figure:.1f}" for figure in figures),
            *(f"{figure:.0f}" for figure in memory),
        )
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
