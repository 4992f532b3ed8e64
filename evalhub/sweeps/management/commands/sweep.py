from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError, NotFound
from evalhub.datasets.models import DatasetBuild
from evalhub.sweeps.access import sweeps
from evalhub.sweeps.asked_for import SweepSpec, read_spec, start_as_asked
from evalhub.sweeps.choices import SweepState
from evalhub.sweeps.console import watch
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.queries import sweep_summary
from evalhub.sweeps.services import cancel_sweep, extend_sweep


class Command(BaseCommand):
    help = "Search settings, or measure a learning curve, as a spec file says; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", nargs="?", type=Path, metavar="SPEC.json")
        parser.add_argument("--extend", type=UUID, metavar="UID", help="go on with an ended one")
        parser.add_argument("--tries", type=int, default=10, help="with --extend: how many more")
        parser.add_argument("--workspace", default="", help="its slug; else the build's own")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            sweep = self._started(options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        try:
            sweep = watch(sweep)
        except KeyboardInterrupt:
            sweep = _cancelled(sweep)
        summary = sweep_summary(sweep)
        if options["json"]:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
        else:
            self.stdout.write(f"{sweep}: {sweep.state} ({sweep.uid}). {summary['headline']}")
        if sweep.state != SweepState.SUCCEEDED:
            raise CommandError(sweep.error or f"The sweep was {sweep.state}.")

    def _started(self, options: dict[str, Any]) -> Sweep:
        if options["extend"]:
            sweep = sweeps().filter(uid=options["extend"]).first()
            if sweep is None:
                raise NotFound("There is no such sweep.")
            return extend_sweep(sweep=sweep, tries=options["tries"])
        if options["spec"] is None:
            raise NotFound("Name a SPEC.json, or a sweep with --extend.")
        spec = _read(options["spec"])
        build = _build(spec)
        workspace = workspace_named(options["workspace"]) if options["workspace"] else build.workspace  # fmt: skip
        if build.workspace != workspace:
            raise NotFound(f"That build is none of “{workspace.slug}”.")
        return start_as_asked(spec, workspace=workspace, build=build)


def _read(path: Path) -> SweepSpec:
    try:
        return read_spec(json.loads(path.read_bytes()))
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from error


def _build(spec: SweepSpec) -> DatasetBuild:
    try:
        found = DatasetBuild.objects.select_related("workspace").filter(uid=UUID(spec.build)).first()  # fmt: skip
    except ValueError:
        found = None
    if found is None:
        raise NotFound("`build` names no build; the datasets page lists them.")
    return found


def _cancelled(sweep: Sweep) -> Sweep:
    """The sweep once it is cancelled, or as it ended a moment before."""
    sweep = sweeps().get(pk=sweep.pk)
    return cancel_sweep(sweep=sweep) if sweep.is_running else sweep
