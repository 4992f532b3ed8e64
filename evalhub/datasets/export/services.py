from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.files import Beat, file_store
from evalhub.datasets.errors import ExportNotThere
from evalhub.datasets.export.asked import Asked
from evalhub.datasets.export.writing import Exported, export_build
from evalhub.datasets.models import EXPORT, BuildExport, DatasetBuild
from evalhub.jobs.services import queue_job


@transaction.atomic
def start_build_export(*, build: DatasetBuild, asked: Asked, by: Member) -> BuildExport:
    """Queue the writing of a build in another shape."""
    export = BuildExport(
        workspace=build.workspace,
        build=build,
        shape=asked.shape,
        container=asked.container.value,
        splits=list(asked.splits),
        created_by=by,
    )
    export.job = queue_job(
        kind=EXPORT,
        title=f"Export {build.dataset.name} for {asked.shape}",
        workspace=build.workspace,
        by=by,
        subject_uid=export.uid,
    )
    export.save()
    _record("build_export.started", export, by, shape=asked.shape, format=asked.container.value)
    return export


def open_build_export(*, export: BuildExport, by: Member) -> BinaryIO:
    """The file; who took the data out stands in the audit log.

    Raises:
        ExportNotThere: it is not written yet, or was deleted since.
    """
    if not export.digest:
        raise ExportNotThere(f"This export has no file: its job is {export.job.state}.")
    if not export.file_key or not file_store().exists(export.file_key):
        raise ExportNotThere("The file of this export is gone after a week; export once more.")
    stream = file_store().open(export.file_key)
    _record("build_export.downloaded", export, by, digest=export.digest)
    return stream


def export_to_disk(*, build: DatasetBuild, asked: Asked, target: Path, beat: Beat) -> Exported:
    """Write it on this machine, for a command.

    Raises:
        OutputInUse: a folder of that name is there, and it is no export.
    """
    found = export_build(build, asked, target, beat=beat)
    record(
        "build.exported_by_command",
        actor="system",
        workspace=build.workspace.slug,
        target=f"build {build.uid}",
        shape=asked.shape,
        format=asked.container.value,
        file=target.name,
        rows=found.rows,
    )
    return found


def _record(verb: str, export: BuildExport, by: Member, **details: Any) -> None:  # Any: JSON
    record(
        verb,
        actor=by.pseudonym,
        workspace=export.workspace.slug,
        target=f"export {export.uid}",
        build=str(export.build.uid),
        **details,
    )
