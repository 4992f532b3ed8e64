"""`manage.py tracker --workspace acme --service mlflow --project P --address URL --json`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.common.errors import DomainError
from evalhub.tracking.choices import Service
from evalhub.tracking.models import Tracker
from evalhub.tracking.serializers import TrackerSerializer
from evalhub.tracking.services import set_tracker


class Command(BaseCommand):
    help = (
        "Set up a service elsewhere that is told the figures of runs; without --service, list them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="its slug")
        parser.add_argument("--service", choices=Service.values)
        parser.add_argument("--project", default="evalhub", help="its name there")
        parser.add_argument("--address", default="", help="one of EVALHUB_TRACKER_ADDRESSES")
        parser.add_argument("--key-variable", default="", help="the NAME of the worker's variable")
        parser.add_argument("--offline", action="store_true", help="files on the worker's disk")
        parser.add_argument("--off", action="store_true", help="send nothing there any more")
        parser.add_argument("--json", action="store_true", help="all of them as a JSON list")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            if options["service"]:
                _set(workspace, options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        trackers = Tracker.objects.filter(workspace=workspace)
        if options["json"]:
            listed = TrackerSerializer(trackers, many=True).data
            self.stdout.write(json.dumps(listed, ensure_ascii=False))
        else:
            for each in trackers:
                self.stdout.write(f"{each.place}{'' if each.is_on else ' (off)'}")


def _set(workspace: Workspace, options: dict[str, Any]) -> None:
    set_tracker(
        workspace=workspace,
        service=Service(options["service"]),
        project=options["project"],
        address=options["address"],
        key_variable=options["key_variable"],
        is_offline=options["offline"],
        is_on=not options["off"],
    )
