from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError, NotFound
from evalhub.loops.rolling_back import roll_back
from evalhub.registry.access import model_named


class Command(BaseCommand):
    help = "Put a model back into service that was there before, or the base."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("loop", help="the Loop's slug")
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument(
            "--to", default="", help="the model's name; the base itself if left out"
        )
        parser.add_argument("--reason", required=True, help="why, for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            loop = workspace.loops.filter(slug=options["loop"]).first()
            if loop is None:
                known = ", ".join(workspace.loops.values_list("slug", flat=True)) or "none"
                raise NotFound(f"There is no Loop “{options['loop']}”; there are: {known}.")
            to = model_named(workspace.pk, options["to"]) if options["to"] else None
            loop = roll_back(loop=loop, to=to, reason=options["reason"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"In service: {loop.incumbent or loop.base_model}")
