from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePath
from typing import BinaryIO

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.files import Stored, file_store
from evalhub.formats.readers import FORMATS, UnknownFormat, sniff
from evalhub.imports.errors import UnreadableFile
from evalhub.imports.models import Import, ImportKind
from evalhub.jobs.services import queue_job
from evalhub.prompts.services.collections import collection_of


def start_import(
    *,
    workspace: Workspace,
    collection: str,
    kind: ImportKind,
    filename: str,
    stream: BinaryIO,
    format: str = "auto",
    by: Member | None = None,
) -> Import:
    """Keep the file and queue the reading of it; a collection of that slug is made when missing.

    Args:
        format: "auto", or one of formats.readers.FORMATS.

    Raises:
        UnreadableFile: the file is empty, or in none of our formats. Nothing was kept.
        BadSlug: the collection's slug is none.
    """
    stored = _keep(stream, format)
    with transaction.atomic():
        return _queue(
            Import(
                workspace=workspace,
                collection=collection_of(workspace=workspace, slug=collection, by=by),
                kind=kind,
                format=format,
                filename=PurePath(filename).name[:200] or "unnamed",
                file_key=stored.key,
                created_by=by,
                counts={"bytes": stored.bytes, "sha256": stored.sha256},
            )
        )


def _queue(source: Import) -> Import:
    by = source.created_by
    source.job = queue_job(
        kind="imports.read",
        title=f"Read {source.filename}",
        workspace=source.workspace,
        by=by,
        subject_uid=source.uid,
    )
    source.save()
    record(
        "import.started",
        actor=by.pseudonym if by else "system",
        workspace=source.workspace.slug,
        target=f"import {source.uid}",
        kind=source.kind,
        filename=source.filename,
        sha256=source.counts["sha256"],
    )
    return source


def _keep(stream: BinaryIO, format: str) -> Stored:
    """Check the format and store the file; memory holds a piece of it at a time."""
    if format != "auto" and format not in FORMATS:
        raise UnreadableFile(f"There is no format {format!r}; there are {', '.join(FORMATS)}.")
    with tempfile.TemporaryDirectory(prefix="evalhub-import-") as folder:
        local = Path(folder) / "file"
        with local.open("wb") as target:
            shutil.copyfileobj(stream, target, 2**20)
        if not local.stat().st_size:
            raise UnreadableFile("The file is empty.")
        if format == "auto":
            with local.open("rb") as source:
                try:
                    sniff(source)
                except UnknownFormat as error:
                    raise UnreadableFile(str(error)) from error
        return file_store().put(local)
