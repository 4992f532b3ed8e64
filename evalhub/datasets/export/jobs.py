"""Exporting a build in the background, and clearing away what has expired."""

from __future__ import annotations

import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from evalhub.audit.services import record
from evalhub.common.files import Beat as FileBeat
from evalhub.common.files import file_store
from evalhub.datasets.export.asked import Asked, asked_for
from evalhub.datasets.export.writing import export_build
from evalhub.datasets.models import BuildExport
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job

KEPT = timedelta(days=7)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the time of every file in an archive: the same bytes each time


def write_export(job: Job, beat: Beat) -> dict[str, Any]:
    """Write the file and store it. A second attempt writes it anew, to the same bytes."""
    export = BuildExport.objects.select_related(
        "workspace", "build__dataset", "build__job", "build__workspace"
    ).get(job=job)
    if not export.digest:
        asked = asked_of(export)
        with tempfile.TemporaryDirectory(prefix="evalhub-build-export-") as name:
            target = Path(name) / filename_of(export, asked)
            count = sum(export.build.rows[split] for split in asked.splits)
            beat.report(total=count, note="writing rows")
            found = export_build(export.build, asked, target, beat=beat.report)
            if not asked.is_one_file:
                target = _archive(target, beat.report)
            stored = file_store().put(target, under=prefix_of(export), beat=beat.report)
            with beat.fenced():
                export.file_key, export.digest, export.bytes = stored
                export.filename, export.found = target.name, found.as_json()
                export.expires_at = timezone.now() + KEPT
                export.save()
    return {"export": str(export.uid), "bytes": export.bytes, "digest": export.digest}


def asked_of(export: BuildExport) -> Asked:
    """Raise CannotExport where such an export is possible no more."""
    return asked_for(
        export.build,
        shape=export.shape,
        container=export.container,
        splits=tuple(export.splits),
    )


def filename_of(export: BuildExport, asked: Asked) -> str:
    """A file with its suffix; or a folder, whose archive gets one."""
    build = export.build
    name = f"{slugify(build.dataset.name)[:60] or 'dataset'}-{build.digest[:12]}-{asked.shape}"
    return f"{name}-{asked.splits[0]}.{asked.container}" if asked.is_one_file else name


def prefix_of(export: BuildExport) -> str:
    """A place of its own in the file store, as it is deleted: not among the blobs."""
    return f"build-exports/{export.uid}"


def sweep_build_exports() -> None:
    """Delete the files that have expired."""
    due = BuildExport.objects.exclude(file_key="").filter(expires_at__lt=timezone.now())
    for pk in due.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            export = BuildExport.objects.select_for_update(of=["self"]).get(pk=pk)
            file_store().delete(prefix_of(export))
            export.file_key = ""
            export.save(update_fields=["file_key"])
            record(
                "build_export.expired",
                actor="system",
                workspace=export.workspace.slug,
                target=f"export {export.uid}",
            )


def _archive(folder: Path, beat: FileBeat) -> Path:
    """The folder as one file; its members are compressed already, or texts."""
    target = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _LONG_AGO)
            name.compress_type = (
                zipfile.ZIP_STORED if path.suffix == ".parquet" else zipfile.ZIP_DEFLATED
            )
            with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as member:
                while piece := source.read(1 << 20):
                    member.write(piece)
                    beat()
    return target
