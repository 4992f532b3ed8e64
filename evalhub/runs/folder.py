"""The run directory, on this worker's own disk; see training.contract for what lies where."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from evalhub.common.files import Beat, digest_of_file, file_store
from evalhub.registry.files import folder_of, is_stored, place_of
from evalhub.registry.models import Endpoint, LanguageModel, ModelKind
from evalhub.registry.services import files_are_unchanged
from evalhub.runs.errors import FileChanged
from evalhub.runs.models import Run
from training.contract import ENDPOINT_KEY_VARIABLE, EndpointSpec, RunSpec

ADAPTER, TEACHER = "adapter", "teacher"  # folders of the adapters of both
WHOLE = "model/"  # below artifacts/: a model of which all weights were trained
_UNUSED_FOR = (
    30 * 24 * 3600.0
)  # seconds after which a machine forgets a base that the file store keeps


def run_dir(run: Run) -> Path:
    return Path(settings.EVALHUB_DATA_DIR) / "runs" / str(run.uid)


def lay_out(run: Run, beat: Beat) -> Path:
    """Make the directory whole: inputs, adapter, the last checkpoint, and spec.json once.

    Raises:
        FileChanged: a file, or the base model's directory, is not what it was.
    """
    folder = run_dir(run)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in run.spec["inputs"].items():
        fetch(file, folder / "inputs" / f"{name}.jsonl", beat)
    models = models_by_folder(run)
    for base in {each.base.pk: each.base for each in models.values()}.values():
        if base.kind != ModelKind.ENDPOINT:
            _demand_base(base, folder / "base.part", beat)
    for name, model in models.items():
        if model.is_adapter:
            for path, file in model.facts["files"].items():
                fetch(file, folder / name / path, beat)
    fetch_checkpoint(run, folder, beat)
    if not (folder / RunSpec.FILE).exists():
        spec_of(run).write(folder)
    return folder


def models_by_folder(run: Run) -> dict[str, LanguageModel]:
    """What the run reads of the registry, by the folder of its adapter in the run directory."""
    found: dict[str, LanguageModel] = {}
    if several := _several(run):
        found = {_folder_of(each): each for each in several}
    elif run.model is not None:
        found[ADAPTER] = run.model
    teacher = run.teacher
    return found | ({TEACHER: teacher} if teacher else {})


def _several(run: Run) -> list[LanguageModel]:
    """The models that answer side by side; empty where there is one."""
    return run.answering if run.spec.get("models") else []


def _folder_of(model: LanguageModel) -> str:
    return f"{ADAPTER}s/{model.uid}"


def spec_of(run: Run) -> RunSpec:
    """The stored spec in the trainer's terms."""
    inputs = run.spec["inputs"]
    model, teacher, endpoint = run.model, run.teacher, endpoint_of(run)
    several = _several(run)
    return RunSpec(
        recipe=run.recipe,
        model=_location(model.base) if model and model.kind != ModelKind.ENDPOINT else "",
        adapter=ADAPTER if model and model.is_adapter and not several else "",
        adapters={str(each.uid): _folder_of(each) if each.is_adapter else "" for each in several},
        teacher=_location(teacher.base) if teacher else "",
        teacher_adapter=TEACHER if teacher and teacher.is_adapter else "",
        seed=run.spec["seed"],
        inputs={name: f"inputs/{name}.jsonl" for name in inputs},
        digests={name: file["sha256"] for name, file in inputs.items()},
        options=run.spec["options"],
        endpoint=_told(endpoint) if endpoint else {},
        secrets=[ENDPOINT_KEY_VARIABLE] if endpoint and endpoint.has_key else [],
    )


def endpoint_of(run: Run) -> Endpoint | None:
    """The server that writes the run's answers, where its model is none of ours, or answers beside it."""
    asked = run.served or run.model
    return Endpoint.objects.filter(model=asked).first() if asked else None


def _told(endpoint: Endpoint) -> dict[str, Any]:
    """As the trainer is told of it; the key is not among that."""
    told = EndpointSpec(
        url=endpoint.url,
        model=endpoint.served_name,
        prices=endpoint.prices,
        per_minute=endpoint.per_minute,
        at_once=endpoint.at_once,
        bounds_by=endpoint.bounds_by,
    )
    return asdict(told)


def fetch(file: dict[str, str], local: Path, beat: Beat) -> None:
    """Copy from EVALHUB_FILES unless the right bytes are here already."""
    beat()
    if local.is_file() and digest_of_file(local, beat) == file["sha256"]:
        return
    try:
        file_store().fetch(file["key"], local, beat=beat)
    except FileNotFoundError as error:
        raise FileChanged(
            f"{local.name} is gone from the file store; make the build again."
        ) from error
    if digest_of_file(local, beat) != file["sha256"]:
        raise FileChanged(f"{local.name} was changed in the file store; make the build again.")


def drop_checkpoints(run: Run) -> None:
    """They have served, here and in the file store: the adapter is an artifact."""
    shutil.rmtree(run_dir(run) / "checkpoints", ignore_errors=True)
    file_store().delete(checkpoint_prefix(run))


def checkpoint_prefix(run: Run) -> str:
    """Where a run keeps checkpoints in the file store: a place of its own, because they are deleted.

    Not among the blobs: a checkpoint shares bytes with adapters, its own run's and others'.
    """
    return f"checkpoints/{run.uid}"


def _location(base: LanguageModel) -> str:
    folder = folder_of(base.source)
    return str(folder.resolve()) if folder else base.source


def _demand_base(base: LanguageModel, partial: Path, beat: Beat) -> None:
    """Its files are here, and are what they were."""
    beat()
    if is_stored(base.source):
        _lay_out_base(base, partial, beat)
    if not files_are_unchanged(model=base, beat=beat):
        told = (
            f"The files of “{base}” in {_location(base)} were changed since they were first used. "
        )
        if is_stored(base.source):
            raise FileChanged(f"{told}Delete that directory: it is laid out anew.")
        raise FileChanged(f"{told}Put them back, or register them as another model.")


def _lay_out_base(base: LanguageModel, partial: Path, beat: Beat) -> None:
    """Put the files of a base that was trained here where this machine keeps such, whole, for all its runs.

    Others that no run of this machine has used for a month go: they come again from the file store.
    """
    place = place_of(base.source)
    if not place.is_dir():
        _fetch_base(base, place, partial, beat)
    os.utime(place)
    for other in place.parent.iterdir():
        with suppress(FileNotFoundError):  # another run forgets it just now
            if other.stat().st_mtime < time.time() - _UNUSED_FOR:
                shutil.rmtree(other, ignore_errors=True)


def _fetch_base(base: LanguageModel, place: Path, partial: Path, beat: Beat) -> None:
    for path, file in base.facts["files"].items():
        fetch(file, partial / path, beat)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.rename(place)
    except OSError:  # another run was quicker
        if not place.is_dir():
            raise
        shutil.rmtree(partial)


def fetch_checkpoint(run: Run, folder: Path, beat: Beat) -> None:
    """The newest stored one that is whole, for a run that began on another machine."""
    for checkpoint in reversed(run.checkpoints):
        target = folder / "checkpoints" / checkpoint["name"]
        if target.exists():
            return
        partial = folder / f"{checkpoint['name']}.part"
        try:
            for path, file in checkpoint["files"].items():
                fetch(file, partial / path, beat)
        except FileChanged:
            shutil.rmtree(partial, ignore_errors=True)
            continue
        target.parent.mkdir(exist_ok=True)
        partial.rename(target)
        return
