from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evalhub.demo.bench import seed_bench


class Command(BaseCommand):
    help = "Fill a new workspace with comparisons, so that load generators can be pointed at it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tasks", type=int, default=10_000)
        parser.add_argument("--annotators", type=int, default=16)
        parser.add_argument("--overlap", type=int, default=3)
        parser.add_argument(
            "--hand", type=int, default=2, help="tasks that an annotator may hold at a time"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object and no more")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's own signature
        seeded = seed_bench(
            tasks=options["tasks"],
            annotators=options["annotators"],
            overlap=options["overlap"],
            hand=options["hand"],
        )
        if options["json"]:
            self.stdout.write(seeded.as_json())
            return
        self.stdout.write(f"Workspace {seeded.workspace}, campaign {seeded.campaign}")
        self.stdout.write(f"Database {seeded.dsn}")
        for token in seeded.tokens:
            self.stdout.write(token)
