"""EVALHUB_FILES: where bytes live that the database only names. A folder or an object store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import fsspec
from django.conf import settings

Beat = Callable[[], object]  # called between pieces of long work: renews a lease, raises to stop

BLOBS = "blobs"
_CHUNK = 1 << 20


def unwatched() -> None:
    """The beat of work that nobody waits for."""


class Stored(NamedTuple):
    key: str
    sha256: str
    bytes: int


class Files:
    """Content-addressed files below one root; storing the same bytes twice stores them once."""

    def __init__(self, root: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(root)

    def put(self, local: Path, *, under: str = BLOBS, beat: Beat = unwatched) -> Stored:
        """Store a local file under its sha256; readers never see half of it.

        Args:
            under: BLOBS, where everybody's files lie, from which nothing but `erase` deletes; or a
                prefix of its owner's own, who may delete below it.
        """
        sha256, size = digest_of_file(local, beat), local.stat().st_size
        key = f"{under}/{sha256[:2]}/{sha256}"
        if not self.exists(key):
            target = self._path(key)
            self._fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            partial = f"{target}.{hashlib.sha256(str(local).encode()).hexdigest()[:8]}.part"
            with local.open("rb") as source, self._fs.open(partial, "wb") as stream:
                _copy(source, stream, beat)
            self._fs.mv(partial, target)
        return Stored(key, sha256, size)

    def open(self, key: str) -> BinaryIO:
        """Raise FileNotFoundError when nothing is stored under `key`."""
        return cast(BinaryIO, self._fs.open(self._path(key), "rb"))  # fsspec carries no types

    def fetch(self, key: str, local: Path, *, beat: Beat = unwatched) -> None:
        """Copy to `local`, whole or not at all."""
        local.parent.mkdir(parents=True, exist_ok=True)
        partial = local.with_name(local.name + ".part")
        with self.open(key) as source, partial.open("wb") as target:
            _copy(source, target, beat)
        partial.replace(local)

    def size(self, key: str) -> int:
        """In bytes. Raise FileNotFoundError when nothing is stored under `key`."""
        return int(self._fs.size(self._path(key)))

    def bytes_below(self, prefix: str) -> int:
        """What lies under a prefix takes so many bytes."""
        return int(self._fs.du(self._path(prefix))) if self.exists(prefix) else 0

    def exists(self, key: str) -> bool:
        return bool(self._fs.exists(self._path(key)))

    def delete(self, key: str) -> None:
        """Delete what its owner keeps under a prefix of its own; nothing there is no error.

        Raises:
            ValueError: `key` lies in BLOBS, where others may hold the same bytes.
        """
        if key.startswith(f"{BLOBS}/"):
            raise ValueError(f"{key!r} may be somebody else's file too")
        if self.exists(key):
            self._fs.rm(self._path(key), recursive=True)

    def erase(self, key: str) -> None:
        """Delete the bytes under `key`, whoever names them: for what must not be kept at all."""
        if self.exists(key):
            self._fs.rm(self._path(key))

    def _path(self, key: str) -> str:
        if ".." in key.split("/") or key.startswith("/"):
            raise ValueError(f"{key!r} is not a key of the file store")
        return f"{self._root.rstrip('/')}/{key}"


def file_store() -> Files:
    return Files(settings.EVALHUB_FILES)


def digest_of_file(path: Path, beat: Beat = unwatched) -> str:
    """sha256 of its bytes."""
    digest, piece = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(piece):
            digest.update(piece[:count])
            beat()
    return digest.hexdigest()


def _copy(source: BinaryIO, target: BinaryIO, beat: Beat) -> None:
    while piece := source.read(_CHUNK):
        target.write(piece)
        beat()
