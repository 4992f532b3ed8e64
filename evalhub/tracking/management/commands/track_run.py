"""`manage.py track_run RUN --to mlflow --json`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.runs.access import run_named
from evalhub.tracking.access import tracker_named
from evalhub.tracking.choices import Service
from evalhub.tracking.queries import standings_of
from evalhub.tracking.services import send_run


class Command(BaseCommand):
    help = "Send what a service elsewhere does not have yet of a run; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID, metavar="RUN", help="its uid")
        parser.add_argument("--to", required=True, choices=Service.values)
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            run = run_named(options["run"])
            tracker = tracker_named(run.workspace, options["to"])
            job = run_or_follow(send_run(run=run, tracker=tracker))
        except DomainError as error:
            raise CommandError(str(error)) from error
        (now,) = [each for each in standings_of(run) if each.tracker == tracker]
        if options["json"]:
            self.stdout.write(json.dumps(now.as_json(), ensure_ascii=False))
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The sending was {job.state}.")
        if not options["json"]:
            self.stdout.write(f"{tracker} has everything: {now.track.seen_at if now.track else ''}")
