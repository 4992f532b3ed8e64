from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.evaluation.benchmarks import add_benchmark
from evalhub.evaluation.errors import BadBenchmark
from evalhub.evaluation.models import Benchmark


class Command(BaseCommand):
    help = (
        "Add a CSV or JSON Lines file of prompts with what is right as a frozen set to measure on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--name", default="", help="the file's if not given")
        parser.add_argument("--licence", default="", help="under which it was published")
        parser.add_argument(
            "--plain", action="store_true", help="prompts are texts to be written on"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        benchmark = self._added(options)
        if options["json"]:
            told: dict[str, Any] = {
                "benchmark": str(benchmark.uid),
                "name": benchmark.name,
                "digest": benchmark.digest,
                "rows": benchmark.rows,
                "carries": benchmark.carries,
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        carries = ", ".join(f"{count:,} with {name}" for name, count in benchmark.carries.items())
        self.stdout.write(f"{benchmark}: {benchmark.rows:,} rows, {carries or 'prompts alone'}")

    def _added(self, options: dict[str, Any]) -> Benchmark:
        path: Path = options["file"]
        try:
            with path.open("rb") as stream:
                return add_benchmark(
                    workspace=workspace_named(options["workspace"]), name=options["name"] or path.stem,
                    stream=stream, licence=options["licence"], plain=options["plain"],
                )  # fmt: skip
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
        except BadBenchmark as error:
            for each in error.data.get("rows", []):  # type: ignore[attr-defined]  # see benchmark_file
                self.stderr.write(f"row {each['row']}, {each['field']}: {each['remedy']}")
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(str(error)) from error
