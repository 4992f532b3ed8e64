"""EVALHUB_FILES: where bytes live that the database only names. A folder or an object store."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import fsspec
from django.conf import settings

_CHUNK = 1 << 20


class Stored(NamedTuple):
    key: str
    sha256: str
    bytes: int


class Files:
    """Content-addressed files below one root; storing the same bytes twice stores them once."""

    def __init__(self, root: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(root)

    def put(self, local: Path) -> Stored:
        """Store a local file under its sha256; readers never see half of it."""
        sha256, size = digest_of_file(local), local.stat().st_size
        key = blob_key(sha256)
        if not self.exists(key):
            target = self._path(key)
            self._fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            partial = f"{target}.{hashlib.sha256(str(local).encode()).hexdigest()[:8]}.part"
            self._fs.put_file(str(local), partial)
            self._fs.mv(partial, target)
        return Stored(key, sha256, size)

    def open(self, key: str) -> BinaryIO:
        """Raise FileNotFoundError when nothing is stored under `key`."""
        return cast(BinaryIO, self._fs.open(self._path(key), "rb"))  # fsspec carries no types

    def fetch(self, key: str, local: Path) -> None:
        """Copy to `local`, whole or not at all."""
        local.parent.mkdir(parents=True, exist_ok=True)
        partial = local.with_name(local.name + ".part")
        with self.open(key) as source, partial.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        partial.replace(local)

    def exists(self, key: str) -> bool:
        return bool(self._fs.exists(self._path(key)))

    def delete(self, key: str) -> None:
        self._fs.rm_file(self._path(key))

    def _path(self, key: str) -> str:
        if ".." in key.split("/") or key.startswith("/"):
            raise ValueError(f"{key!r} is not a key of the file store")
        return f"{self._root.rstrip('/')}/{key}"


def file_store() -> Files:
    return Files(settings.EVALHUB_FILES)


def blob_key(sha256: str) -> str:
    return f"blobs/{sha256[:2]}/{sha256}"


def digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
