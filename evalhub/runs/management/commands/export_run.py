"""`manage.py export_run --run UID --as trl --output FOLDER`: a run for another trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.datasets.management.console import counting
from evalhub.runs.access import run_named
from evalhub.runs.exporting.services import TARGETS, export_to_folder


class Command(BaseCommand):
    help = (
        "Write a folder with a run's settings for another trainer, the build in the shape that it "
        "reads, and what it has no place for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", required=True, type=UUID, help="its uid")
        parser.add_argument("--as", required=True, choices=TARGETS, dest="target")
        parser.add_argument("--output", required=True, type=Path, metavar="FOLDER")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        folder: Path = options["output"]
        try:
            run = run_named(options["run"])
            with counting("Writing rows") as beat:
                made, rows = export_to_folder(
                    run=run, target=options["target"], folder=folder, beat=beat
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Cannot write {folder}: {error.strerror}.") from error
        if options["json"]:
            told = {"run": str(run.uid), "file": made.filename, "unheld": made.unheld}
            self.stdout.write(json.dumps(told | {"data": rows.as_json()}))
            return
        counts = ", ".join(f"{count:,} {split}" for split, count in rows.rows.items())
        self.stdout.write(f"{folder / made.filename}, with {counts} rows. Not the same there:")
        for sentence in made.unheld:
            self.stdout.write(f"  {sentence}")
