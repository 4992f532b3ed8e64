from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.runs.asked_for import read_spec, start_as_asked, workspace_in
from evalhub.runs.models import Run
from evalhub.runs.queries import run_summary


class Command(BaseCommand):
    help = "Train an adapter as a spec file says; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", type=Path, metavar="SPEC.json")
        parser.add_argument("--workspace", default="", help="its slug; else the build's own")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        run = self._started(options["spec"], options["workspace"])
        run.job = run_or_follow(run.job)
        run.refresh_from_db()
        summary = run_summary(run)
        if options["json"]:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
        else:
            self.stdout.write(f"{run}: {summary['state']}, adapter {summary['model'] or 'none'}")
            for each in summary["findings"]:
                self.stdout.write(f"{each['level']}: {each['words']}: {each['told']}")
                self.stdout.write(f"  {each['remedy']}")
        if run.job.state != JobState.SUCCEEDED:
            raise CommandError(run.job.error or f"The run was {run.job.state}.")

    def _started(self, path: Path, slug: str) -> Run:
        try:
            spec = read_spec(json.loads(path.read_bytes()))
            workspace = workspace_named(slug) if slug else workspace_in(spec)
            return start_as_asked(spec, workspace=workspace)
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
        except ValueError as error:
            raise CommandError(f"{path} is no spec: it is not JSON ({error}).") from error
        except DomainError as error:
            raise CommandError(str(error)) from error
