"""What a worker needs of a run, and nothing else of the workspace."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from evalhub.common.errors import NotFound
from evalhub.common.files import file_store
from evalhub.registry.files import folder_of, is_stored
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.errors import FileChanged
from evalhub.runs.folder import models_by_folder, spec_of
from evalhub.runs.models import Run

PIECE = 16 * 2**20  # bytes of an answer: a slow line must not hold a thread of the web for an hour


def lent(run: Run) -> dict[str, Any]:
    """The run as its worker is told of it; keys of the file store and paths of ours stay here."""
    spec = asdict(spec_of(run)) | {"teacher": "", "teacher_adapter": ""}
    base, apart = run.model.base if run.model else None, teacher_base_of(run)
    told, taught_by = (_told_base(each) if each else None for each in (base, apart))
    if apart is not None and taught_by is None:
        spec["teacher"] = apart.source  # of the hub
    return {
        "run": str(run.uid),
        "attempt": run.job.attempt,
        "lease_seconds": settings.EVALHUB_LEASE_SECONDS,
        "spec": spec | ({"model": ""} if told else {}),
        "base": told or {},
        # told only where there is one: a worker of an earlier version refuses it, and would take its own base
        **({"teacher_base": taught_by or {}} if apart is not None else {}),
        "is_taught": run.teacher is not None,
        "files": {path: _told(file) for path, file in inputs_of(run).items()},
        "checkpoints": [
            {
                "name": each["name"],
                "files": {path: _told(file) for path, file in each["files"].items()},
            }
            for each in run.checkpoints
        ],
    }


def inputs_of(run: Run) -> dict[str, dict[str, str]]:
    """By the path in the run directory: {"key", "sha256"} of rows, and of all adapters that it reads."""
    found = {f"inputs/{name}.jsonl": file for name, file in run.spec["inputs"].items()}
    for name, model in models_by_folder(run).items():
        if model.is_adapter:
            found |= {f"{name}/{path}": file for path, file in model.facts["files"].items()}
    return found


def can_lend(run: Run) -> bool:
    """A worker elsewhere gets no key of a server."""
    asked = run.served or run.model
    return asked is None or asked.kind != ModelKind.ENDPOINT


def teacher_base_of(run: Run) -> LanguageModel | None:
    """The base of what the run learns from, where it is another one than its own."""
    teacher = run.teacher
    if teacher is None or (run.model is not None and teacher.base == run.model.base):
        return None
    return teacher.base


def open_file(run: Run, sha256: str) -> BinaryIO:
    """A file that this run reads, by its digest.

    Raises:
        NotFound: it is none of this run's.
        FileChanged: it is gone from the file store.
    """
    readable = list(inputs_of(run).values())
    readable += [file for each in run.checkpoints for file in each["files"].values()]
    found = next((file for file in readable if file["sha256"] == sha256), None)
    if found is None:
        raise NotFound("This run has no such file.")
    return _opened(found)


def open_base_file(run: Run, path: str, *, of_teacher: bool = False) -> BinaryIO:
    """A file of the base model that this run starts from, or of the one that its teacher stands on.

    Raises:
        NotFound: the base is not here, or has no such file.
    """
    base = teacher_base_of(run) if of_teacher else run.model.base if run.model else None
    if base and is_stored(base.source) and path in base.facts["files"]:
        return _opened(base.facts["files"][path])
    folder = folder_of(base.source) if base and not is_stored(base.source) else None
    if folder is None or path not in _files_below(folder):
        raise NotFound("This run’s base model has no such file.")
    return (folder / path).open("rb")


def _told_base(base: LanguageModel) -> dict[str, Any] | None:
    """`digest` is over all files, as `registry.files.digest_of_source` says; None for one of the hub."""
    if is_stored(base.source):
        sizes = {path: int(_told(file)["bytes"]) for path, file in base.facts["files"].items()}
        return {"name": "model", "digest": base.digest, "files": sizes}
    folder = folder_of(base.source)
    if folder is None:
        return None
    return {"name": folder.name, "digest": base.digest, "files": _files_below(folder)}


def _opened(file: dict[str, str]) -> BinaryIO:
    try:
        return file_store().open(file["key"])
    except FileNotFoundError as error:
        raise FileChanged("A file of this run is gone from the file store.") from error


def _files_below(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _told(file: dict[str, str]) -> dict[str, Any]:
    try:
        size = file_store().size(file["key"])
    except FileNotFoundError:  # said when the worker asks for it
        size = 0
    return {"sha256": file["sha256"], "bytes": size}
