"""What import_prompts and import_judgments share."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.common.personal_data import KINDS
from evalhub.formats.containers import IN_ARCHIVES
from evalhub.formats.readers import FORMATS
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.queries import summary_of
from evalhub.imports.services import confirm_import, start_hub_import, start_import
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow


class ImportCommand(BaseCommand):
    """Exit code 0 when something was taken or all was there already, 1 when nothing was."""

    kind: ImportKind

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="or a folder, read as a zip of it")
        parser.add_argument("--hub", metavar="OWNER/NAME", help="a hub's dataset in its place")
        parser.add_argument("--split", default="", help="of the hub's dataset")
        parser.add_argument("--revision", default="", help="of the hub's dataset")
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--collection", required=True, help="its slug; made when missing")
        parser.add_argument("--format", default="auto", choices=["auto", *FORMATS])
        parser.add_argument(
            "--mask", nargs="+", default=[], choices=KINDS, help="personal data to mask"
        )
        parser.add_argument("--mapping", type=Path, help="JSON: what the columns of a table are")
        parser.add_argument("--licence", default="", help="under which the file was published")
        parser.add_argument(
            "--red-team", action="store_true", help="its prompts were written to make a model fail"
        )
        parser.add_argument("--rubric", default="", help="slug of the judgments' rubric")
        parser.add_argument("--preview", action="store_true", help="look only; the page reads it")
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
        if bool(options["file"]) == bool(options["hub"]):
            raise CommandError("Give a file, or --hub owner/name: one of the two.")
        try:
            source = self._started(options)
        except OSError as error:
            raise CommandError(f"Cannot read {error.filename}: {error.strerror}.") from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        source.job = run_or_follow(source.job)
        source.refresh_from_db()
        if source.awaits_a_yes and options["yes"]:
            source = confirm_import(source=source, by=None)
            source.job = run_or_follow(source.job)
        return source

    def _started(self, options: dict[str, Any]) -> Import:
        more: dict[str, Any] = {
            "workspace": workspace_named(options["workspace"]),
            "collection": options["collection"],
            "kind": self.kind,
            "format": options["format"],
            "masks": options["mask"],
            "rubric": options["rubric"],
            "licence": options["licence"],
            "red_team": options["red_team"],
            "previews": options["preview"],
            "mapping": _mapping_in(options["mapping"]),
        }
        if options["hub"]:
            names = {name: options[name] for name in ("split", "revision")}
            return start_hub_import(dataset=options["hub"], **names, **more)
        path: Path = options["file"]
        with zipped(path) if path.is_dir() else path.open("rb") as stream:
            return start_import(filename=path.resolve().name, stream=stream, **more)

    def _tell(self, summary: dict[str, Any]) -> None:
        masked = ", ".join(f"{count:,} {kind}" for kind, count in summary["masked"].items())
        if summary["masks"]:
            self.stdout.write(f"Masked: {masked or 'nothing was found'}.")
        if summary["awaits_confirmation"]:
            self._tell_preview(summary)
            return
        self.stdout.write(
            f"{summary['rows']:,} {summary['kind']} read ({summary['format']}): "
            f"{summary['new']:,} new, {summary['unchanged']:,} there already, "
            f"{summary['rejected']:,} rejected."
        )
        if rubrics := summary["rubrics"]:
            self.stdout.write(f"  Rubrics made from its questions: {', '.join(rubrics)}.")
        self._tell_rejected(summary["rejected_rows"])
        if ignored := summary["ignored_fields"]:
            self.stdout.write(f"  Fields that mean nothing here: {', '.join(sorted(ignored))}.")

    def _tell_preview(self, summary: dict[str, Any]) -> None:
        if summary["awaits_mapping"]:
            columns = ", ".join(summary["table"]["columns"])
            self.stdout.write(f"A table; say with --mapping what its columns are: {columns}.")
        elif found := summary["preview"]:
            self.stdout.write(
                f"{summary['format']}, {summary['encoding']}: {found['prompts']:,} prompts "
                f"({found['known_prompts']:,} there already), {found['completions']:,} completions, "
                f"{found['judgments']:,} judgments ({found['known_judgments']:,} there already), "
                f"{found['rejected']:,} rows that cannot be taken."
            )
            for each in found.get("unasked", []):
                self.stdout.write(
                    f"  The rubric {each['rubric']} does not ask for {', '.join(each['lacks'])}: those judgments "
                    "will be rejected. Name another with --rubric; it is made from the file."
                )
            self._tell_rejected(found["rejected_rows"])
        self.stdout.write("Nothing is read in yet: say --yes, or look at the import’s page.")

    def _tell_rejected(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            where = f"line {row['line']}" + (f", {row['field']}" if row["field"] else "")
            self.stdout.write(f"  {where}: {row['reason']}")


def zipped(folder: Path) -> BinaryIO:
    """The files of rows in a folder and its index, as a zip; links are not followed."""
    target = tempfile.TemporaryFile(prefix="evalhub-")  # noqa: SIM115  closed by whoever reads it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in IN_ARCHIVES and path.is_file() and not path.is_symlink():
                archive.write(path, path.relative_to(folder))
    target.seek(0)
    return cast(BinaryIO, target)


def _mapping_in(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise CommandError(f'{path} must hold an object: {{"columns": {{…}}}}.')
    return found
