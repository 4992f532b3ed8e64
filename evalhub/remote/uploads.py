"""Files that a worker sends: streamed to a disk of ours, measured, and stored under the run's own prefix.

A file is known here only where this very run sent it: else a digest would tell what others have, and
naming one would fetch it.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Protocol

from django.conf import settings

from evalhub.common.files import file_store
from evalhub.remote.errors import UnfitReport, UploadTooLarge
from evalhub.runs.folder import checkpoint_prefix
from evalhub.runs.handed_in import sent_key
from evalhub.runs.models import Run

_CHUNK = 1 << 20


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def missing_of(run: Run, digests: list[str]) -> list[str]:
    """Those that this run has not sent yet."""
    return [each for each in digests if not file_store().exists(sent_key(run, each))]


def store_upload(run: Run, *, sha256: str, size: int, body: Readable) -> None:
    """Keep `size` bytes of `body`; memory does not grow with them.

    Raises:
        UploadTooLarge: with it the run would have sent more than EVALHUB_REMOTE_MOST_GB.
        UnfitReport: the bytes are not those of the digest, or not as many as were named.
    """
    most = settings.EVALHUB_REMOTE_MOST_GB * 10**9
    if size + file_store().bytes_below(checkpoint_prefix(run)) > most:
        raise UploadTooLarge(
            f"A run may send {settings.EVALHUB_REMOTE_MOST_GB} GB of checkpoints and results; an "
            "operator can raise EVALHUB_REMOTE_MOST_GB."
        )
    place = Path(settings.EVALHUB_DATA_DIR) / "uploads"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        local = Path(folder) / "sent"
        if _written(local, size, body) != sha256:
            raise UnfitReport("What arrived has another digest than was named; send it again.")
        file_store().put(local, under=checkpoint_prefix(run))


def _written(local: Path, size: int, body: Readable) -> str:
    """The sha256 of what was read; a body that ends early or goes on has another."""
    digest, left = hashlib.sha256(), size
    with local.open("wb") as stream:
        while left and (piece := body.read(min(_CHUNK, left))):
            digest.update(piece)
            stream.write(piece)
            left -= len(piece)
    return digest.hexdigest() if not left else ""
