from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.datasets.access import build_named
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.registry.access import model_named
from evalhub.runs.measuring import lengths_in
from evalhub.runs.services import start_measuring


class Command(BaseCommand):
    help = "Count the tokens of a build's rows as a model will read them; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("build", help="its uid or digest")
        parser.add_argument("--model", required=True, help="the name of a base or an adapter")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            build = build_named(options["build"])
            run = start_measuring(
                build=build, model=model_named(build.workspace_id, options["model"])
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        job = run_or_follow(run.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The run was {job.state}.")
        run.refresh_from_db()
        figures = lengths_in(run.metrics, list(run.spec["inputs"]))
        if options["json"]:
            told = {"run": str(run.uid), "build": str(build.uid), "model": options["model"]}
            self.stdout.write(json.dumps(told | figures, ensure_ascii=False))
            return
        for split, each in figures["splits"].items():
            self.stdout.write(
                f"{split}: {each['rows']:,} rows, {each['tokens']:,} tokens, of which {each['learnt_tokens']:,} "
                f"are learnt; the longest has {each['longest']:,}, {each['too_long']:,} are longer than "
                f"{figures['limit']:,} and would be left out"
            )
