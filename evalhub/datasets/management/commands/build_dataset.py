from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.common.files import file_store
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow


class Command(BaseCommand):
    help = "Build a dataset from a definition and copy its files into a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument(
            "--definition",
            required=True,
            type=Path,
            help='a JSON file: {"name", "kind": "sft", "preference", …, and fields of docs/formats.md}',
        )
        parser.add_argument("--output", type=Path, help="a folder for the files; made if missing")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        build = self._build(options["workspace"], options["definition"])
        if options["output"]:
            for name, stored in build.files.items():
                file_store().fetch(stored["key"], options["output"] / name)
        left_out = {name: each["count"] for name, each in build.manifest["left_out"].items()}
        if options["json"]:
            summary = {
                "build": str(build.uid),
                "kind": build.kind,
                "rows": build.rows,
                "digest": build.digest,
                "left_out": left_out,
            }
            self.stdout.write(json.dumps(summary))
            return
        rows = ", ".join(f"{count:,} {split}" for split, count in build.rows.items())
        self.stdout.write(f"{build.dataset.name}: {rows}. Digest {build.digest}.")
        for each in build.manifest["left_out"].values():
            self.stdout.write(f"  left out: {each['count']:,}, {each['why']}")

    def _build(self, slug: str, path: Path) -> DatasetBuild:
        values = _definition(path)
        name, kind = values.pop("name", path.stem), values.pop("kind", "")
        if kind not in BuildKind.values:
            kinds = ", ".join(BuildKind)
            raise CommandError(f'The definition needs "kind": one of {kinds}; not {kind!r}.')
        try:
            workspace = workspace_named(slug)
            dataset = ensure_dataset(
                workspace=workspace, name=str(name), kind=BuildKind(kind), definition=values
            )
            build = start_build(dataset=dataset)
        except DomainError as error:
            raise CommandError(str(error)) from error
        job = run_or_follow(build.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The build was {job.state}.")
        build.refresh_from_db()
        return build


def _definition(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise CommandError(f"{path} must hold a JSON object.")
    return values
