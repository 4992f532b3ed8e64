"""What import_prompts and import_judgments share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.common.personal_data import KINDS
from evalhub.formats.readers import FORMATS
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.queries import summary_of
from evalhub.imports.services import confirm_import, start_import
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow


class ImportCommand(BaseCommand):
    """Exit code 0 when something was taken or all was there already, 1 when nothing was."""

    kind: ImportKind

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--collection", required=True, help="its slug; made when missing")
        parser.add_argument("--format", default="auto", choices=["auto", *FORMATS])
        parser.add_argument(
            "--mask", nargs="+", default=[], choices=KINDS, help="personal data to mask"
        )
        parser.add_argument("--licence", default="", help="under which the file was published")
        parser.add_argument("--yes", action="store_true", help="read it without a look at --mask")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        source = self._import(options)
        source.refresh_from_db()
        summary = summary_of(source)
        if options["json"]:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
        else:
            self._tell(summary)
        if source.job.state != JobState.SUCCEEDED:
            raise CommandError(source.job.error or f"The import was {source.job.state}.")
        if summary["rows"] and summary["rejected"] == summary["rows"]:
            raise CommandError("Nothing was taken: every row was rejected.")

    def _import(self, options: dict[str, Any]) -> Import:
        try:
            workspace = workspace_named(options["workspace"])
            with options["file"].open("rb") as stream:
                source = start_import(
                    workspace=workspace,
                    collection=options["collection"],
                    kind=self.kind,
                    filename=options["file"].name,
                    stream=stream,
                    format=options["format"],
                    masks=options["mask"],
                    licence=options["licence"],
                )
        except OSError as error:
            raise CommandError(f"Cannot read {options['file']}: {error.strerror}.") from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        source.job = run_or_follow(source.job)
        source.refresh_from_db()
        if source.awaits_a_yes and options["yes"]:
            source = confirm_import(source=source, by=None)
            source.job = run_or_follow(source.job)
        return source

    def _tell(self, summary: dict[str, Any]) -> None:
        masked = ", ".join(f"{count:,} {kind}" for kind, count in summary["masked"].items())
        if summary["masks"]:
            self.stdout.write(f"Masked: {masked or 'nothing was found'}.")
        if summary["awaits_confirmation"]:
            self.stdout.write("Nothing is read in yet: say --yes, or look at the import’s page.")
            return
        self.stdout.write(
            f"{summary['rows']:,} {summary['kind']} read ({summary['format']}): "
            f"{summary['new']:,} new, {summary['unchanged']:,} there already, "
            f"{summary['rejected']:,} rejected."
        )
        for row in summary["rejected_rows"]:
            where = f"line {row['line']}" + (f", {row['field']}" if row["field"] else "")
            self.stdout.write(f"  {where}: {row['reason']}")
        if ignored := summary["ignored_fields"]:
            self.stdout.write(f"  Fields that mean nothing here: {', '.join(sorted(ignored))}.")
