"""`manage.py run_again RUN`: exactly; with `--set learning_rate=1e-3`, `--seed` or `--build`: with changes."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError, NotFound
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.registry.access import model_named
from evalhub.runs.access import run_named
from evalhub.runs.again import clone_run, repeat_run
from evalhub.runs.models import Run
from evalhub.runs.queries import run_summary


class Command(BaseCommand):
    help = "Repeat a training run exactly, or run it again with changes; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID, help="its uid")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", dest="changes",
            help="a setting that shall be other; null takes its default",
        )  # fmt: skip
        parser.add_argument("--seed", type=int)
        parser.add_argument("--model", help="the name of the one to start from")
        parser.add_argument("--build", type=UUID, help="the uid of the one to learn from")
        parser.add_argument("--despite", help="why findings that block do not matter")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            run = _started(run_named(options["run"]), options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        run.job = run_or_follow(run.job)
        run.refresh_from_db()
        told = run_summary(run)
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            equal = {True: ", equal to the bit", False: ", not equal to the bit", None: ""}
            self.stdout.write(f"{run}: {told['state']}, adapter {told['model'] or 'none'}{equal[told['is_equal_to_the_bit']]}")  # fmt: skip
        if run.job.state != JobState.SUCCEEDED:
            raise CommandError(run.job.error or f"The run was {run.job.state}.")


def _started(run: Run, options: dict[str, Any]) -> Run:
    changes: dict[str, Any] = {}
    if options["changes"]:
        changes["options"] = dict(map(_change, options["changes"]))
    changes |= {name: options[name] for name in ("seed", "despite") if options[name] is not None}
    if options["model"]:
        changes["model"] = model_named(run.workspace_id, options["model"])
    if options["build"]:
        builds = DatasetBuild.objects.filter(workspace=run.workspace, uid=options["build"])
        changes["build"] = builds.first()
        if changes["build"] is None:
            raise NotFound(f"There is no build {options['build']} in “{run.workspace.slug}”.")
    return clone_run(run=run, **changes) if changes else repeat_run(run=run)


def _change(text: str) -> tuple[str, Any]:  # JSON, or a word
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--set takes NAME=VALUE, as learning_rate=1e-3; not “{text}”.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
