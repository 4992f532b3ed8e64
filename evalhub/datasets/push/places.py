"""The places themselves: what is there, and how files get there."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import Any, Protocol

import fsspec

from evalhub.common.files import Beat
from evalhub.datasets.export.writing import MARK
from evalhub.datasets.push.targets import Target

_CHUNK = 1 << 20


class Place(Protocol):
    def mark(self) -> dict[str, Any] | None:
        """What the last whole push said of itself; None where there was none."""

    def has(self, paths: Sequence[str]) -> bool:
        """Whether all of them are there."""

    def put(self, folder: Path, paths: Sequence[str], stale: Sequence[str], beat: Beat) -> None:
        """Bring the files of `folder` there, the mark last, and take `stale` ones away."""


class FileTree:
    """A bucket or a folder, by fsspec: each file is whole or not there, the whole has its mark."""

    def __init__(self, target: Target) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(str(target), skip_instance_cache=True)
        self._has_folders = target.scheme == "file"  # in a store it would make the bucket

    def mark(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self._fs.cat_file(self._at(MARK)))
        except FileNotFoundError:
            return None
        return found

    def has(self, paths: Sequence[str]) -> bool:
        return all(self._fs.exists(self._at(path)) for path in paths)

    def put(self, folder: Path, paths: Sequence[str], stale: Sequence[str], beat: Beat) -> None:
        """Without a mark while it is neither the old push nor the new one."""
        if self._fs.exists(self._at(MARK)):
            self._fs.rm_file(self._at(MARK))
        for path in paths:
            self._copy(folder / path, path, beat)
        for path in stale:
            if self._fs.exists(self._at(path)):
                self._fs.rm_file(self._at(path))
        self._copy(folder / MARK, MARK, beat)

    def _copy(self, local: Path, path: str, beat: Beat) -> None:
        if self._has_folders:
            self._fs.makedirs(self._at(path).rsplit("/", 1)[0], exist_ok=True)
        with local.open("rb") as source, self._fs.open(self._at(path), "wb") as there:
            while piece := source.read(_CHUNK):
                there.write(piece)
                beat()

    def _at(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"


class Hub:
    """A dataset of a Hugging Face hub: one commit, private where it is new.

    HF_TOKEN and HF_ENDPOINT of the environment say who and where; a token that somebody once kept
    on this machine is nobody's here.
    """

    def __init__(self, target: Target) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
        self._api = HfApi(
            endpoint=os.environ.get("HF_ENDPOINT"), token=os.environ.get("HF_TOKEN") or False
        )
        self._repo = target.path.removeprefix("datasets/")

    def mark(self) -> dict[str, Any] | None:
        from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

        with tempfile.TemporaryDirectory(prefix="evalhub-hub-") as folder:
            try:
                path = self._api.hf_hub_download(
                    self._repo, MARK, repo_type="dataset", local_dir=folder
                )
            except (EntryNotFoundError, RepositoryNotFoundError):
                return None
            found: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
            return found

    def has(self, paths: Sequence[str]) -> bool:
        there = self._api.list_repo_files(self._repo, repo_type="dataset")
        return set(paths) <= set(there)

    def put(self, folder: Path, paths: Sequence[str], stale: Sequence[str], beat: Beat) -> None:
        from huggingface_hub import CommitOperation, CommitOperationAdd, CommitOperationDelete

        beat()
        self._api.create_repo(self._repo, repo_type="dataset", private=True, exist_ok=True)
        operations: list[CommitOperation] = [
            CommitOperationAdd(path, folder / path) for path in [*paths, MARK]
        ]
        operations += [CommitOperationDelete(path) for path in stale if self.has([path])]
        digest = json.loads((folder / MARK).read_text("utf-8"))["digest"]
        commit = self._api.create_commit(
            self._repo,
            operations,
            repo_type="dataset",
            commit_message=f"Build {digest[:12]}",
            run_as_future=True,
        )
        while wait([commit], timeout=1).not_done:
            beat()
        try:
            commit.result()
        except RuntimeError as error:  # how the library tells that a file did not go up
            raise OSError("a file did not go up") from error


def place_of(target: Target) -> Place:
    return Hub(target) if target.scheme == "hf" else FileTree(target)
