from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, BinaryIO, TypedDict, Unpack

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.errors import NotFound
from evalhub.common.files import file_store
from evalhub.common.own_words import own_words
from evalhub.common.personal_data import Kind
from evalhub.formats.mapping import BadMapping, mapping_of
from evalhub.imports.errors import (
    HubUnreachable,
    NothingToConfirm,
    OtherPromptsThere,
    UnfitMapping,
)
from evalhub.imports.hub import is_hub_id
from evalhub.imports.keeping import keep
from evalhub.imports.models import PREVIEW, READ, Import, ImportKind
from evalhub.jobs.services import queue_job
from evalhub.prompts.errors import BadSlug
from evalhub.prompts.models import Collection
from evalhub.prompts.services.collections import collection_of, set_red_team

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")


class Asked(TypedDict, total=False):
    """What may be said about an import beside its file.

    format: "auto", or one of formats.readers.FORMATS.
    masks: personal data to mask in every text.
    mask_words: words and patterns of one's own to mask besides, see common.own_words.
    mapping: what a table's columns are, as JSON has it.
    licence: under which the file was published; it stands on the cards of builds.
    rubric: slug of the rubric in the place of the one that the file's judgments name.
    red_team: whether its prompts were written to make a model fail; its collection is marked so.
    previews: whether somebody looks first and says yes (`confirm_import`); with masks always.
    """

    format: str
    masks: Sequence[Kind]
    mask_words: Sequence[str]
    mapping: dict[str, Any] | None  # any JSON
    rubric: str
    licence: str
    red_team: bool
    previews: bool


def start_import(
    *,
    workspace: Workspace,
    collection: str,
    kind: ImportKind,
    filename: str,
    stream: BinaryIO,
    by: Member | None = None,
    **asked: Unpack[Asked],
) -> Import:
    """Keep the file and queue the reading of it; a collection of that slug is made when missing.

    Raises:
        UnreadableFile: the file is empty, or not one of its rows can be read. Nothing was kept.
        UnfitMapping: the mapping does not say what is needed.
        BadSlug: the collection's or the rubric's slug is none.
        OtherPromptsThere: red-team prompts are for a collection that holds others.
        UnfitWord: one of `mask_words` is none.
    """
    is_looked_at = _is_looked_at(asked)
    may_be_table = is_looked_at or bool(asked.get("mapping"))
    stored = keep(stream, asked.get("format", "auto"), may_be_table=may_be_table)
    return _start(
        workspace=workspace,
        collection=collection,
        by=by,
        asked=asked,
        kind=kind,
        filename=PurePath(filename).name[:200] or "unnamed",
        file_key=stored.key,
        counts={"bytes": stored.bytes, "sha256": stored.sha256},
    )


def start_hub_import(
    *,
    workspace: Workspace,
    collection: str,
    kind: ImportKind,
    dataset: str,
    split: str = "",
    revision: str = "",
    by: Member | None = None,
    **asked: Unpack[Asked],
) -> Import:
    """Queue the fetching and reading of a hub's dataset; its files come with the job.

    Raises:
        HubUnreachable: the id, the split or the revision cannot be one.
        UnfitMapping, BadSlug, UnfitWord: as for a file.
    """
    names = (("split", split), ("revision", revision))
    if not is_hub_id(dataset):
        raise HubUnreachable("A dataset’s id is owner/name, as the hub writes it.")
    for word, value in names:
        if value and not re.fullmatch(r"[\w][\w./-]{0,99}", value):
            raise HubUnreachable(f"{value[:40]!r} is no {word} of a dataset.")
    return _start(
        workspace=workspace,
        collection=collection,
        by=by,
        asked=asked,
        kind=kind,
        filename=dataset + (f" ({split})" if split else ""),
        hub={"id": dataset} | {word: value for word, value in names if value},
        counts={"bytes": 0, "sha256": ""},
    )


def _is_looked_at(asked: Asked) -> bool:
    """Whether somebody sees first what it holds; what is masked, always."""
    return bool(asked.get("masks") or asked.get("mask_words") or asked.get("previews"))


@transaction.atomic
def _start(
    *, workspace: Workspace, collection: str, by: Member | None, asked: Asked, **fields: Any
) -> Import:
    """`fields` are the import's own."""
    mapping = asked.get("mapping") or {}
    masks: list[str] = sorted(asked.get("masks", ()))
    rubric = asked.get("rubric", "")
    words = own_words(asked.get("mask_words", ()))
    if mapping:
        _check_mapping(mapping)
    if rubric and not _SLUG.fullmatch(rubric):
        raise BadSlug(f"“{rubric[:50]}” is no slug of a rubric.")
    source = Import(
        workspace=workspace,
        collection=_collection(workspace, collection, by, red_team=asked.get("red_team", False)),
        format=asked.get("format", "auto"),
        created_by=by,
        masks=masks,
        mask_words=words,
        mapping=mapping,
        rubric=rubric,
        licence=asked.get("licence", "").strip()[:200],
        **fields,
    )
    _queue(source, PREVIEW if _is_looked_at(asked) else READ, by)
    source.save()
    _record(
        "import.started",
        source,
        by,
        kind=source.kind,
        filename=source.filename,
        sha256=source.counts["sha256"],
        masks=source.masks,
        mask_words=len(words),  # how many: a list of names is personal data itself
        hub=source.hub,
        licence=source.licence,
    )
    return source


def _collection(
    workspace: Workspace, slug: str, by: Member | None, *, red_team: bool
) -> Collection:
    found = collection_of(workspace=workspace, slug=slug, by=by)
    if red_team and not found.is_red_team:
        if found.prompts.exists():
            raise OtherPromptsThere(
                f"“{found}” holds other prompts already. Import red-team prompts into a collection of "
                "their own, or mark that one as red team on its page first."
            )
        set_red_team(collection=found, is_red_team=True, by=by)
    return found


def _queue(source: Import, kind: str, by: Member | None) -> None:
    source.job = queue_job(
        kind=kind,
        title=f"{'Look through' if kind == PREVIEW else 'Read'} {source.filename}",
        workspace=source.workspace,
        by=by,
        subject_uid=source.uid,
    )


def _check_mapping(mapping: dict[str, Any], columns: Sequence[str] | None = None) -> None:
    try:
        mapping_of(mapping, columns=columns)
    except BadMapping as error:
        raise UnfitMapping(str(error)) from error


@transaction.atomic
def map_import(*, source: Import, mapping: dict[str, Any], by: Member | None) -> Import:
    """Say what the columns of a table are, and look through it again.

    Raises:
        UnfitMapping: the mapping does not fit the table.
        NothingToConfirm: its preview is not done, or it is read already.
    """
    source = _locked(source)
    if not source.awaits_a_yes or "table" not in source.counts:
        raise NothingToConfirm("This import waits for no mapping: look at its page.")
    columns = source.counts["table"]["columns"]
    has_head = mapping.get("has_head", True)
    names = columns if has_head else [f"column {nth}" for nth in range(1, len(columns) + 1)]
    _check_mapping(mapping, names)
    source.mapping = mapping
    for name in ("preview", "asked", "masked", "places"):
        source.counts.pop(name, None)
    _queue(source, PREVIEW, by)
    source.save(update_fields=["job", "mapping", "counts"])
    _record("import.mapped", source, by, mapping=mapping)
    return source


@transaction.atomic
def confirm_import(*, source: Import, by: Member | None) -> Import:
    """Read the file as its preview showed it.

    Raises:
        NothingToConfirm: there is no preview that waits for it, or a mapping is missing.
    """
    source = _locked(source)
    if not source.awaits_a_yes:
        raise NothingToConfirm("This import waits for nobody: look at its page.")
    if source.awaits_a_mapping:
        raise NothingToConfirm("Say first what the columns of this table are.")
    _queue(source, READ, by)
    source.save(update_fields=["job"])
    _record("import.confirmed", source, by, masks=source.masks)
    return source


def _locked(source: Import) -> Import:
    rows = Import.objects.select_for_update(of=["self"]).select_related("job", "workspace")
    return rows.get(pk=source.pk)


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
