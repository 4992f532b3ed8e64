"""`manage.py add_worker rented-a100 --workspace acme`: a token for a worker that reaches only HTTPS."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.remote.services import add_worker


class Command(BaseCommand):
    help = "Add a worker that takes runs of one workspace over HTTPS; prints its token, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="as the members page shows it: rented-a100")
        parser.add_argument("--workspace", required=True, help="its slug")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own signature
        try:
            workspace = workspace_named(options["workspace"])
            made = add_worker(workspace=workspace, name=options["name"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        worker = made.token.member
        if options["json"]:
            told = {"worker": str(worker.uid), "name": worker.pseudonym, "token": made.text}
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"{worker} takes runs of {workspace}. Its token, shown this once:")
        self.stdout.write(made.text)
        self.stdout.write(
            "On that machine: EVALHUB_TOKEN=… python -m training.remote --url https://…"
        )
