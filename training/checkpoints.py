"""Checkpoints that are whole or not there: renamed into place, with a manifest written last."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from training.artifacts import inventory, put_in_place
from training.contract import write_whole

MANIFEST = "manifest.json"
NEEDED = ("optimizer.pt", "scheduler.pt", "trainer_state.json")
WEIGHTS = (
    "adapter_model.safetensors",
    "model.safetensors",
    "model.safetensors.index.json",
)  # one of them
KEEP = 2


def publish(written: Path, run_dir: Path, *, step: int) -> Path:
    """Move a checkpoint that a trainer has written to checkpoints/step-…, and drop old ones."""
    for path in written.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    manifest = {"step": step, "files": inventory(written)}
    write_whole(written / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True))
    target = _folder(run_dir) / f"step-{step:08d}"
    put_in_place(written, target)
    for old in _newest_first(run_dir)[KEEP:]:
        shutil.rmtree(old)
    return target


def newest_valid(run_dir: Path) -> Path | None:
    """The last checkpoint whose files are all there and unchanged; None to begin anew."""
    return next((each for each in _newest_first(run_dir) if is_valid(each)), None)


def newest_whole(run_dir: Path, *, needed: Sequence[str]) -> Path | None:
    """The same for what holds other files than a trainer's."""
    return next((each for each in _newest_first(run_dir) if is_whole(each, needed=needed)), None)


def is_valid(checkpoint: Path) -> bool:
    """Whether the manifest names all that resuming needs, and every file is as it was written.

    A trainer that finds no optimizer goes on in silence with a fresh one; so it is checked here.
    """
    return any(is_whole(checkpoint, needed=(*NEEDED, weights)) for weights in WEIGHTS)


def is_whole(checkpoint: Path, *, needed: Sequence[str]) -> bool:
    """Whether the manifest names what is needed, and every file is as it was written."""
    try:
        files = json.loads((checkpoint / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not set(needed) <= set(files):
        return False
    found = inventory(checkpoint)
    return all(found.get(name) == digest for name, digest in files.items())


def _folder(run_dir: Path) -> Path:
    return run_dir / "checkpoints"


def _newest_first(run_dir: Path) -> list[Path]:
    return sorted(_folder(run_dir).glob("step-*"), reverse=True)
