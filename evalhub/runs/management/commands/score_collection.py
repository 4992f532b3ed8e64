from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.prompts.access import collection_named
from evalhub.registry.access import model_named
from evalhub.runs.models import Run
from evalhub.runs.scoring.queries import scoring_summary
from evalhub.runs.scoring.services import start_scoring


class Command(BaseCommand):
    help = "Let a reward model score the answers of a collection; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--collection", required=True, help="its slug")
        parser.add_argument("--model", required=True, help="the name of a reward model")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        run = self._started(options)
        job = run_or_follow(run.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The run was {job.state}.")
        run.refresh_from_db()
        summary = scoring_summary(run)
        told = f"{summary['scores']:,} answers scored by {summary['model']}"
        self.stdout.write(json.dumps(summary, ensure_ascii=False) if options["json"] else told)

    def _started(self, options: dict[str, Any]) -> Run:
        try:
            workspace = workspace_named(options["workspace"])
            model = model_named(workspace.pk, options["model"])
            return start_scoring(
                collection=collection_named(workspace, options["collection"]), model=model
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
