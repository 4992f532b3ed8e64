from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from evalhub.datasets.management.console import build_or_error, counting
from evalhub.datasets.verifying import Check, verify_build


class Command(BaseCommand):
    help = (
        "Prove that a build's files are those of its digest: bytes, splits, groups, lineage and "
        "judgments. Ends with 1 and says what is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--build", required=True, help="its uid, or its digest")
        parser.add_argument(
            "--rebuild", action="store_true", help="also make the rows again from the snapshot"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        build = build_or_error(options["build"])
        if not build.is_built:
            raise CommandError(f"This build has no files: its job is {build.job.state}.")
        with counting("Verifying") as beat:
            found = verify_build(build, rebuild=options["rebuild"], beat=beat)
        wrong = sum(each.wrong for each in found)
        if options["json"]:
            checks = {each.name: asdict(each) for each in found}
            told = {"build": str(build.uid), "digest": build.digest, "ok": not wrong}
            self.stdout.write(json.dumps(told | {"checks": checks}))
        else:
            console = Console(stderr=True)
            with console.capture() as shown:
                console.print(_table(found))
            self.stdout.write(shown.get())
        if wrong:
            raise CommandError(f"{wrong} things about this build are not as they should be.")


def _table(found: list[Check]) -> Table:
    table = Table("check", "checked", "wrong", "what")
    for each in found:
        table.add_row(each.name, f"{each.checked:,}", f"{each.wrong:,}", "\n".join(each.examples))
    return table
