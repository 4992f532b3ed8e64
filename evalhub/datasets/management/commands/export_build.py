from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.datasets.export.asked import Asked, Container, asked_for
from evalhub.datasets.export.services import export_to_disk
from evalhub.datasets.management.console import build_or_error, counting
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS
from evalhub.formats.shapes import MEANING, SHAPES, WHY_LEFT_OUT


class Command(BaseCommand):
    help = (
        "Write a build for another program: a folder of all splits, or one split as a file. "
        "docs/formats.md has the shapes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--build", required=True, help="its uid, or its digest")
        parser.add_argument("--shape", default="trl", choices=SHAPES)
        parser.add_argument("--format", default="folder", choices=Container.values)
        parser.add_argument(
            "--output",
            required=True,
            type=Path,
            metavar="PATH",
            help="a folder; or, ending in the format (rows.jsonl), a file of one split",
        )
        parser.add_argument(
            "--split",
            action="append",
            choices=SPLITS,
            help="once for each; all for a folder, train for a file",
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        build = build_or_error(options["build"])
        try:
            asked = _asked(build, options)
            for warning in asked.how.foretold(build.kind):
                self.stderr.write(warning)
            with counting("Writing rows") as beat:
                found = export_to_disk(
                    build=build, asked=asked, target=options["output"], beat=beat
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
        aside = {split: n for split, n in build.rows.items() if n and split not in asked.splits}
        if options["json"]:
            told = {"build": str(build.uid), "digest": build.digest, "shape": asked.shape}
            more = {"format": asked.container.value, "not_asked_for": aside}
            self.stdout.write(json.dumps(told | more | found.as_json()))
            return
        rows = ", ".join(f"{count:,} {split}" for split, count in found.rows.items())
        self.stdout.write(f"{options['output']}: {rows or 'no rows'}.")
        for split, count in aside.items():
            self.stdout.write(f"  not asked for: {count:,} {split}")
        for reason, count in sorted(found.left_out.items()):
            self.stdout.write(f"  left out: {count:,}, {WHY_LEFT_OUT[reason]}")
        for name, count in sorted(found.lost.items()):
            self.stdout.write(f"  lost in {count:,}: {MEANING[name]}")


def _asked(build: DatasetBuild, options: dict[str, Any]) -> Asked:
    """A path with the format's own suffix is one file, of one split; any other is a folder."""
    container, path, splits = options["format"], options["output"], options["split"]
    is_file = path.suffix == f".{container}"
    if splits is None:
        splits = SPLITS[:1] if is_file else SPLITS
    if is_file and len(splits) > 1:
        raise CommandError(f"{path} is one file and takes one --split; for several name a folder.")
    if not is_file and len(splits) == 1 and container != Container.FOLDER:
        raise CommandError(f"A file of one split ends in .{container}; {path} does not.")
    return asked_for(build, shape=options["shape"], container=container, splits=tuple(splits))
