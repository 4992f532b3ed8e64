"""`manage.py generate_answers --workspace W --collection C --model M --options '{"n": 4}' --json`."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.jobs.errors import JobEnded
from evalhub.jobs.services import cancel_job
from evalhub.prompts.access import collection_named
from evalhub.registry.access import model_named
from evalhub.runs.generating.queries import generating_summary
from evalhub.runs.generating.services import start_generating
from evalhub.runs.models import Run


class Command(BaseCommand):
    help = (
        "Let a model, ours or a server's, answer the prompts of a collection; Ctrl-C cancels. "
        "Options are those of the recipe generate: n, temperatures, top_ps, refills, best and more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--collection", required=True, help="its slug")
        parser.add_argument("--model", required=True, help="the name of the one that answers")
        parser.add_argument(
            "--beside", action="append", default=[], metavar="MODEL",
            help="the name of another on the same base, which answers in the same run; as often as you like",
        )  # fmt: skip
        parser.add_argument("--judge", help="the name of a reward model, which scores the answers")
        parser.add_argument("--options", default="{}", help="a JSON object")
        parser.add_argument(
            "--parts", type=int, default=1, help="runs that share the prompts, for as many workers"
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        run = self._started(options)
        for part in run.parts:
            job = run_or_follow(part.job)
            if job.state != JobState.SUCCEEDED:
                self._cancel(run)
                raise CommandError(job.error or f"The run was {job.state}.")
        run.refresh_from_db()
        run.job.refresh_from_db()
        summary = generating_summary(run)
        told = f"{summary['completions']:,} answers written by {', '.join(summary['models'])}"
        self.stdout.write(json.dumps(summary, ensure_ascii=False) if options["json"] else told)

    def _cancel(self, run: Run) -> None:
        """The other parts: half of what was asked for is of no use to whoever waits for it here."""
        for part in run.parts:
            with suppress(JobEnded):
                cancel_job(job=part.job, by=None)

    def _started(self, options: dict[str, Any]) -> Run:
        try:
            chosen = json.loads(options["options"])
        except ValueError as error:
            raise CommandError(f"--options is no JSON: {error}.") from error
        if not isinstance(chosen, dict):
            raise CommandError('--options is a JSON object, as {"n": 4}.')
        try:
            workspace = workspace_named(options["workspace"])
            judge = options["judge"]
            return start_generating(
                collection=collection_named(workspace, options["collection"]),
                model=model_named(workspace.pk, options["model"]),
                beside=[model_named(workspace.pk, each) for each in options["beside"]],
                judge=model_named(workspace.pk, judge) if judge else None,
                options=chosen,
                seed=options["seed"],
                parts=options["parts"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
