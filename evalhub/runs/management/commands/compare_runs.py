"""`manage.py compare_runs --workspace acme UID UID … --json`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.runs.access import runs_to_compare
from evalhub.runs.comparing import Line, RunComparison, compare


class Command(BaseCommand):
    help = "Two to eight runs side by side: in what they differ and what came out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="its slug")
        parser.add_argument("runs", nargs="+", metavar="RUN", help="the uid of each")
        parser.add_argument("--json", action="store_true", help="all of it as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            runs = runs_to_compare(workspace_named(options["workspace"]), options["runs"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        compared = compare(runs)
        told = json.dumps(compared.as_json(), ensure_ascii=False) if options["json"] else _in_words(compared)  # fmt: skip
        self.stdout.write(told)


def _in_words(compared: RunComparison) -> str:
    lines = [f"{nth}  {run} {run.job.title}" for nth, run in enumerate(compared.runs, start=1)]
    lines += ["", "In what they differ", *map(_line, compared.differs)]
    lines += ["", "Figures", *map(_line, compared.figures)]
    return "\n".join(lines)


def _line(line: Line) -> str:
    return f"{line.name:<24} " + "  ".join(f"{_told(value):<24}" for value in line.values).rstrip()


def _told(value: Any) -> str:  # JSON, or a Figure
    return "—" if value is None else str(value)
