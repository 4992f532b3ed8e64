from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError
from evalhub.reports.choices import ExportFormat
from evalhub.reports.services import export_to_file

INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


class Command(BaseCommand):
    help = (
        "Write a campaign's judgments to a file. Interrupted, it goes on when run again. "
        "docs/formats.md has the table of columns."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", required=True, type=UUID, metavar="UID")
        parser.add_argument("--format", required=True, choices=ExportFormat.values)
        parser.add_argument("--output", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--all", action="store_true", help="also judgments that do not count, each marked"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            written = self._export(options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
        except KeyboardInterrupt as error:
            told = "Interrupted. Run it again with the same arguments to go on."
            raise CommandError(told, returncode=INTERRUPTED) from error
        if options["json"]:
            self.stdout.write(json.dumps(written))
            return
        self.stdout.write(
            f"{written['rows']:,} judgments, {written['bytes']:,} bytes, sha256 {written['digest']}."
        )
        for state, count in written["left_out"].items():
            self.stdout.write(f"  left out: {count:,} {state}")

    def _export(self, options: dict[str, Any]) -> dict[str, Any]:
        campaigns = Campaign.objects.select_related("workspace", "rubric_version__rubric")
        campaign = campaigns.filter(uid=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        with _bar() as bar:
            row = bar.add_task(str(campaign), total=None)
            return export_to_file(
                campaign=campaign,
                format=ExportFormat(options["format"]),
                everything=options["all"],
                target=options["output"],
                report=lambda done, total: bar.update(row, completed=done, total=total),
            )


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
