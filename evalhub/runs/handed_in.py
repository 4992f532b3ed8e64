"""What a worker that reaches only our API left of a run it carried out: its result, and files to be looked at.

The result waits in the job's payload and the files under the run's own prefix, until a worker of ours
checks them and writes the run's end as it does for a run of its own.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evalhub.common.files import file_store
from evalhub.formats.safetensors import NotSafetensors, tensors_of
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.registry.adapters import inspect_adapter
from evalhub.registry.files import NEEDED, inspect_whole
from evalhub.runs.errors import FileChanged
from evalhub.runs.folder import ADAPTER, WHOLE, checkpoint_prefix, fetch
from evalhub.runs.models import TRAINING, Run
from training.contract import RunResult

HANDED_IN = "handed_in"  # in a job's payload


@dataclass(frozen=True)
class HandedIn:
    """`files`: the sha256 of each by its path below artifacts/, and the log's."""

    result: RunResult
    files: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"result": asdict(self.result), "files": self.files}


def handed_in(job: Job) -> HandedIn | None:
    """None where the run is still to be carried out."""
    left = job.payload.get(HANDED_IN)
    return HandedIn(RunResult.of(left["result"]), left["files"]) if left else None


def sent_key(run: Run, sha256: str) -> str:
    """Where a file lies that was sent for the run: with its checkpoints, which it may share bytes with."""
    return f"{checkpoint_prefix(run)}/{sha256[:2]}/{sha256}"


def artifacts_of(run: Run, handed: HandedIn, beat: Beat) -> dict[str, dict[str, str]]:
    """Check what was handed in, and store it among the blobs.

    Raises:
        FileChanged: bytes are gone or others than were named, or weights are no safetensors.
        UnfitModel, UnfitAdapter: what was trained does not go on the run's base, or names code to run.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        found = {}
        for path, sha256 in sorted(handed.files.items()):
            local = folder / path
            fetch({"key": sent_key(run, sha256), "sha256": sha256}, local, beat.report)
            _demand_weights(local)
            stored = file_store().put(local, beat=beat.report)
            found[path] = {"key": stored.key, "sha256": stored.sha256}
            if not path.startswith(f"{ADAPTER}/") and path != f"{WHOLE}{NEEDED}":
                local.unlink()  # one file at a time, except where several belong together
        if handed.result.ok and run.recipe in TRAINING and run.model is not None:
            if run.trains_all:
                inspect_whole(folder / WHOLE, [path.removeprefix(WHOLE) for path in found])
            else:
                inspect_adapter(folder / ADAPTER, base=run.model.base)
        return found


def _demand_weights(local: Path) -> None:
    if local.suffix != ".safetensors":
        return
    try:
        tensors_of(local)
    except NotSafetensors as error:
        raise FileChanged(
            f"{error}, so the run's weights cannot be used; start it again."
        ) from error
