from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.lineage.services import start_check, stored_set


class Command(BaseCommand):
    help = (
        "Look for a build's texts in another set: shared 13-grams, whole short texts, near prompts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--build", required=True, metavar="UID")
        named = parser.add_mutually_exclusive_group(required=True)
        named.add_argument("--against", type=Path, metavar="FILE.jsonl")
        named.add_argument("--collection", metavar="SLUG")
        named.add_argument("--against-build", metavar="UID")
        named.add_argument("--benchmark", metavar="NAME")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            check = start_check(build=_build(options["build"]), against=_against(options), by=None)
        except (DomainError, ValidationError) as error:
            raise CommandError(str(error)) from error
        job = run_or_follow(check.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The check was {job.state}.")
        if options["json"]:
            self.stdout.write(json.dumps(job.result))
            return
        for split, count in job.result["contaminated"].items():
            self.stdout.write(f"{split}: {count:,} of {job.result['rows'][split]:,} rows")


def _build(uid: str) -> DatasetBuild:
    try:
        found = DatasetBuild.objects.select_related("workspace", "job").filter(uid=uid).first()
    except ValidationError:
        found = None
    if found is None:
        raise CommandError(f"There is no build {uid}.")
    return found


def _against(options: dict[str, Any]) -> dict[str, str]:
    if options["collection"]:
        return {"kind": "collection", "name": options["collection"]}
    if options["against_build"]:
        return {"kind": "build", "name": options["against_build"]}
    if options["benchmark"]:
        return {"kind": "benchmark", "name": options["benchmark"]}
    path: Path = options["against"]
    try:
        with path.open("rb") as stream:
            return stored_set(filename=path.name, stream=stream)
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
