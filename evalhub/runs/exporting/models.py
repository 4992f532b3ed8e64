"""Models on their way out: the PEFT folder of an adapter, and what a merge made of it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, cast

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import NotFound
from evalhub.common.files import Beat, file_store, unwatched
from evalhub.datasets.errors import OutputInUse
from evalhub.jobs.choices import JobState
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel
from evalhub.registry.serving import folder_name
from evalhub.runs.models import Recipe, Run
from evalhub.runs.services import start_run

IN_MEMORY = 16 << 20  # bytes of a zip; a larger one lies on disk until it is sent
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same zip


def newest_of(model: LanguageModel, recipe: Recipe) -> Run | None:
    """The newest that is done or under way; a failed one counts for nothing."""
    runs = Run.objects.filter(model=model, recipe=recipe).select_related("job")
    gone = [JobState.FAILED, JobState.CANCELLED]
    return runs.exclude(job__state__in=gone).order_by("-pk").first()


@transaction.atomic
def start_merge(*, model: LanguageModel, by: Member | None = None) -> Run:
    """Queue the merging of an adapter into its base, or return what is done or under way.

    Raises:
        CannotRun: it is no adapter that writes answers.
    """
    LanguageModel.objects.select_for_update(no_key=True).get(pk=model.pk)  # two callers: in turn
    return newest_of(model, Recipe.MERGE) or start_run(
        workspace=model.workspace,
        recipe=Recipe.MERGE,
        model=model,
        by=by,
        title=f"Merge {model} into its base",
    )


def open_merged(*, run: Run, path: str, by: Member) -> BinaryIO:
    """One file of a merged model; who took it stands in the audit log."""
    file = run.merged_files.get(path)
    if file is None:
        raise NotFound("No such file.")
    stream = file_store().open(file["key"])
    _record(run.starts_from, by, exported_as="merged", file=path)
    return stream


def open_peft(*, model: LanguageModel, by: Member) -> BinaryIO:
    """A zip of the adapter's folder, as PEFT reads it."""
    files = _adapter_files(model)
    with ExitStack() as until_whole:
        packed = cast(BinaryIO, until_whole.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY)))
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for path, file in sorted(files.items()):
                entry = zipfile.ZipInfo(f"{folder_name(model)}/{path}", _EPOCH)
                with file_store().open(file["key"]) as source, _writing(archive, entry) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        size = packed.tell()
        packed.seek(0)
        _record(model, by, exported_as="peft")
        if size <= IN_MEMORY:
            return BytesIO(packed.read())
        until_whole.pop_all()  # it is whole: whoever gets it closes it, and then it is gone
    return packed


def export_model(
    *,
    model: LanguageModel,
    files: dict[str, dict[str, str]] | None = None,
    folder: Path,
    beat: Beat = unwatched,
) -> list[str]:
    """Write the files into a folder, whole or not at all; return their paths.

    Args:
        files: of a merged model; the model's own if None.

    Raises:
        OutputInUse: something lies there already.
        CannotRun: the model has no files here.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise OutputInUse(f"{folder} is there already; name another folder.")
    wanted = _own_files(model) if files is None else files
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for path, file in wanted.items():
        file_store().fetch(file["key"], part / path, beat=beat)
    if folder.exists():
        folder.rmdir()
    part.replace(folder)
    _record(model, None, exported_as=_form(model, files))
    return sorted(wanted)


def _own_files(model: LanguageModel) -> dict[str, dict[str, str]]:
    """Those of an adapter, or of a base that was trained here."""
    files: dict[str, dict[str, str]] = model.facts.get("files", {})
    return _adapter_files(model) if model.is_adapter or not files else files


def _adapter_files(model: LanguageModel) -> dict[str, dict[str, str]]:
    files: dict[str, dict[str, str]] = model.facts.get("files", {})
    if not model.is_adapter or not files:
        raise CannotRun(f"“{model}” is no adapter, so it has no folder for PEFT.")
    return files


def _form(model: LanguageModel, files: dict[str, dict[str, str]] | None) -> str:
    if files is not None:
        return "merged"
    return "peft" if model.is_adapter else "whole"


def _writing(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    return archive.open(entry, "w", force_zip64=True)


def _record(model: LanguageModel, by: Member | None, **details: str) -> None:
    record(
        "model.exported",
        actor=by.pseudonym if by else "system",
        workspace=model.workspace.slug,
        target=f"model {model.uid}",
        **details,
    )
