"""The run directory on this machine, from what evalhub lends: each name looked at, each digest checked."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.artifacts import inventory, sha256_of
from training.checked import ContractError
from training.contract import RunSpec
from training.environment import HUB_ID
from training.names import CHECKPOINT, SHA256, is_artifact, is_in_checkpoint, stays_below
from training.remote.client import patiently
from training.remote.lease import Lease
from training.remote.lent import Lent

ADAPTER, TEACHER = "adapter", "teacher"
BESIDE = "adapters"  # of models that answer side by side, each in a folder of its name


class CannotBegin(Exception):
    """What was lent cannot be trained here; the sentence is for the person who asked."""


def lay_out(lent: Lent, folder: Path, *, cache: Path, lease: Lease) -> None:
    """Make the run directory whole; base models stay in `cache` for the next run.

    Raises:
        CannotBegin: a name leads out of the directory, bytes are not those that were named, or the
            spec is none that this trainer knows.
    """
    for path, file in lent.files.items():
        known = ("inputs/", f"{ADAPTER}/", f"{TEACHER}/", f"{BESIDE}/")
        if not (path.startswith(known) and is_artifact(path)):
            raise CannotBegin(f"evalhub names the file {path!r}, which is none of a run.")
        _fetch(lease, file, folder / path)
    for checkpoint in lent.checkpoints:
        _fetch_checkpoint(lease, checkpoint, folder / "checkpoints")
    model = _base(lent.base, cache, lease) if lent.base else _hub_id(lent.spec.get("model", ""))
    _spec(lent, model, _teacher(lent, model, cache, lease)).write(folder)


def _teacher(lent: Lent, model: str, cache: Path, lease: Lease) -> str:
    """The base of what is learnt from: its own, one of the hub, or that of the run."""
    if lent.teacher_base:
        return _base(lent.teacher_base, cache, lease, of_teacher=True)
    if not lent.is_taught:
        return ""
    return _hub_id(lent.spec.get("teacher", "")) or model


def _spec(lent: Lent, model: str, teacher: str) -> RunSpec:
    """Its paths are ours to say, whatever evalhub wrote there."""
    named = {path.removeprefix("inputs/").removesuffix(".jsonl"): path for path in lent.files if path.startswith("inputs/")}  # fmt: skip
    has = {
        name: any(path.startswith(f"{name}/") for path in lent.files) for name in (ADAPTER, TEACHER)
    }
    changed = {
        "model": model,
        "adapter": ADAPTER if has[ADAPTER] else "",
        "adapters": _beside(lent),
        "teacher": teacher,
        "teacher_adapter": TEACHER if has[TEACHER] else "",
        "inputs": named,
        "digests": {name: lent.files[path]["sha256"] for name, path in named.items()},
        "secrets": [],
    }
    try:
        return RunSpec.of(lent.spec | changed)
    except ContractError as error:
        raise CannotBegin(
            f"This worker does not know what is asked ({error}): bring both sides to one version."
        ) from error


def _beside(lent: Lent) -> dict[str, str]:
    """The folder of each model that answers beside others; none for the base itself."""
    named = lent.spec.get("adapters") or {}
    if not isinstance(named, dict):
        raise CannotBegin("evalhub names adapters in a form that this worker does not know.")
    folders = {name: f"{BESIDE}/{name}" for name in named}
    return {
        name: folder if any(path.startswith(f"{folder}/") for path in lent.files) else ""
        for name, folder in folders.items()
    }


def _hub_id(source: Any) -> str:  # Any: as evalhub sent it
    if source and not HUB_ID.fullmatch(str(source)):
        raise CannotBegin(f"{source!r} is no name of a model on the hub.")
    return str(source)


def _base(base: dict[str, Any], cache: Path, lease: Lease, *, of_teacher: bool = False) -> str:
    """The base model's folder: fetched once, and read whole before each run."""
    digest, name = str(base["digest"]), str(base["name"])
    if not SHA256.fullmatch(digest) or not stays_below(name) or "/" in name:
        raise CannotBegin("evalhub names a base model that cannot be.")
    folder = cache / digest / name
    for path, size in base["files"].items():
        if not stays_below(path):
            raise CannotBegin(f"evalhub names the file {path!r} of the base model.")
        local = folder / path
        if not local.is_file() or local.stat().st_size != size:
            _pieces(lease, {"base": path, "of_teacher": of_teacher}, local, size)
    lease.check()
    if _digest_of(folder) != digest:
        shutil.rmtree(folder.parent)
        raise CannotBegin(
            f"The files of the base model {name} are not those that evalhub first read: they were changed "
            "there, or on the way. Start the run again."
        )
    return str(folder)


def _digest_of(folder: Path) -> str:
    """As evalhub works it out: sha256 of the canonical JSON of {path: sha256}."""
    files = inventory(folder)
    told = json.dumps(files, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


def _fetch_checkpoint(lease: Lease, checkpoint: dict[str, Any], place: Path) -> None:
    """Renamed into place when it is whole; the trainer looks at its manifest again."""
    name, files = str(checkpoint["name"]), checkpoint["files"]
    if not CHECKPOINT.fullmatch(name) or not all(map(is_in_checkpoint, files)):
        raise CannotBegin(f"evalhub names a checkpoint {name!r} that no trainer writes.")
    partial = place / f"{name}.part"
    for path, file in files.items():
        _fetch(lease, file, partial / path)
    partial.rename(place / name)


def _fetch(lease: Lease, file: dict[str, Any], local: Path) -> None:
    sha256 = str(file["sha256"])
    _pieces(lease, {"sha256": sha256}, local, int(file["bytes"]))
    if sha256_of(local) != sha256:
        raise CannotBegin(
            f"{local.name} arrived with other bytes than were named: start the run again."
        )


def _pieces(lease: Lease, named: dict[str, Any], local: Path, size: int) -> None:
    """Piece by piece, so that memory does not grow and a broken line goes on where it broke."""
    local.parent.mkdir(parents=True, exist_ok=True)
    partial = local.with_name(local.name + ".fetching")
    with partial.open("wb") as stream:
        while True:
            piece = patiently(_asking(lease, named | {"start": stream.tell()}), check=lease.check)
            stream.write(piece)
            if stream.tell() >= size or not piece:
                break
        if stream.tell() != size:
            raise CannotBegin(f"{local.name} has another size than evalhub said.")
    partial.replace(local)


def _asking(lease: Lease, body: dict[str, Any]) -> Callable[[], bytes]:
    return lambda: lease.read("fetch", body)
