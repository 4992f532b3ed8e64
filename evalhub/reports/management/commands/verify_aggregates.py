from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from evalhub.quality.counters import Verified
from evalhub.quality.verifying import verify_all
from evalhub.reports.verifying import verify_reports


class Command(BaseCommand):
    help = "Recount what is stored beside the judgments, and fail if anything differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        console = Console(stderr=True)
        with console.status("Recounting"):
            found = [*verify_all(), verify_reports()]
        if options["json"]:
            self.stdout.write(json.dumps({each.name: asdict(each) for each in found}))
        else:
            with console.capture() as shown:
                console.print(_table(found))
            self.stdout.write(shown.get())
        wrong = sum(each.wrong for each in found)
        if wrong:
            raise CommandError(f"{wrong} stored figures are not what a recount gives.")


def _table(found: list[Verified]) -> Table:
    table = Table("figures", "checked", "wrong", "put off", "which")
    for each in found:
        which = "\n".join(f"{one.what}: {one.told}" for one in each.examples)
        columns = (each.checked, each.wrong, each.put_off)
        table.add_row(each.name, *(f"{count:,}" for count in columns), which)
    return table
