from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.errors import NotFound
from evalhub.common.files import Stored, file_store
from evalhub.common.personal_data import Kind
from evalhub.formats.readers import FORMATS, UnknownFormat, sniff
from evalhub.imports.errors import NothingToConfirm, UnreadableFile
from evalhub.imports.models import PREVIEW, READ, Import, ImportKind
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
    masks: Sequence[Kind] = (),
    licence: str = "",
    by: Member | None = None,
) -> Import:
    """Keep the file and queue the reading of it; a collection of that slug is made when missing.

    Args:
        masks: personal data to mask in every text. The file is then looked through first, and is
            read once somebody has seen what would be masked and said so (`confirm_import`).
        licence: under which the file was published; it stands on the cards of builds.
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
                masks=sorted(masks),
                licence=licence.strip()[:200],
                counts={"bytes": stored.bytes, "sha256": stored.sha256},
            )
        )


def _queue(source: Import) -> Import:
    by = source.created_by
    source.job = queue_job(
        kind=PREVIEW if source.masks else READ,
        title=f"{'Look through' if source.masks else 'Read'} {source.filename}",
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
        masks=source.masks,
        licence=source.licence,
    )
    return source


@transaction.atomic
def confirm_import(*, source: Import, by: Member | None) -> Import:
    """Read the file with what its preview showed masked.

    Raises:
        NothingToConfirm: there is no preview that waits for it.
    """
    source = Import.objects.select_for_update(of=["self"]).select_related("job").get(pk=source.pk)
    if not source.awaits_a_yes:
        raise NothingToConfirm("This import waits for nobody: look at its page.")
    source.job = queue_job(
        kind=READ,
        title=f"Read {source.filename}",
        workspace=source.workspace,
        by=by,
        subject_uid=source.uid,
    )
    source.save(update_fields=["job"])
    _record("import.confirmed", source, by, masks=source.masks)
    return source


def open_original(*, source: Import, by: Member) -> BinaryIO:
    """The file as it came, with the personal data in it; who looked at it stands in the audit log.

    Raises:
        NotFound: the store has lost the file.
    """
    if not file_store().exists(source.file_key):
        raise NotFound("The file of this import is no longer in the store.")
    _record("import.original_read", source, by, filename=source.filename)
    return file_store().open(source.file_key)


def _record(verb: str, source: Import, by: Member | None, **details: Any) -> None:  # Any: JSON
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=source.workspace.slug,
        target=f"import {source.uid}",
        **details,
    )


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
