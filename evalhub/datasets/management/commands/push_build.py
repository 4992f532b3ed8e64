from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.datasets.export.asked import Container, asked_for
from evalhub.datasets.management.console import build_or_error, counting
from evalhub.datasets.push.services import push_now
from evalhub.datasets.push.targets import FORMS, target_of
from evalhub.formats.shapes import SHAPES


class Command(BaseCommand):
    help = (
        "Copy a build to an object store, a hub or a folder; what is there already is not written "
        "again. Credentials come from the environment: AWS_…, HF_TOKEN."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--build", required=True, help="its uid, or its digest")
        parser.add_argument("--to", required=True, help=f"{FORMS}, or file:///FOLDER")
        parser.add_argument("--shape", default="trl", choices=SHAPES)
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        build = build_or_error(options["build"])
        try:
            target = target_of(options["to"])
            asked = asked_for(build, shape=options["shape"], container=Container.FOLDER)
            with counting(f"Pushing to {target}") as beat:
                pushed = push_now(build=build, asked=asked, target=target, beat=beat)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            told = {"build": str(build.uid), "digest": build.digest, "target": str(target)}
            self.stdout.write(json.dumps(told | pushed.as_json()))
        elif pushed.is_new:
            self.stdout.write(f"{target}: {len(pushed.files)} files, digest {build.digest}.")
        else:
            self.stdout.write(f"{target} has this build already; nothing was written.")
