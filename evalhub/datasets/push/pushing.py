"""Bringing an exported folder to a place, once."""

from __future__ import annotations

import json
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from evalhub.common.files import Beat, unwatched
from evalhub.datasets.errors import PushFailed
from evalhub.datasets.export.asked import Asked
from evalhub.datasets.export.writing import MARK, export_build
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.push.places import place_of
from evalhub.datasets.push.targets import Target

NEEDS = {"s3": ("s3fs", "s3"), "hf": ("huggingface_hub", "hub")}  # module, and our extra with it
_SAME = ("digest", "kind", "shape", "format", "rows")


class Pushed(NamedTuple):
    is_new: bool  # False: the same build was there already, and nothing was written
    rows: dict[str, int]
    left_out: dict[str, int]
    lost: dict[str, int]
    files: list[str]

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def push_build(
    build: DatasetBuild, asked: Asked, target: Target, *, beat: Beat = unwatched
) -> Pushed:
    """Export the build as a folder and bring it to `target`; what is there already stays as it is.

    Files of an earlier push that this one has not are taken away; what else lies there is left.

    Raises:
        PushFailed: the place does not take them, or what it needs is not installed.
    """
    must_be_possible(target)
    with tempfile.TemporaryDirectory(prefix="evalhub-push-") as name:
        folder = Path(name) / "folder"
        export_build(build, asked, folder, beat=beat)
        mark = json.loads((folder / MARK).read_text("utf-8"))
        try:
            is_new = _bring(folder, mark, target, beat)
        except _failures() as error:
            raise PushFailed(told(target, error)) from error
    kept = {name: mark[name] for name in ("rows", "left_out", "lost")}
    return Pushed(is_new, files=sorted(mark["files"]), **kept)


def must_be_possible(target: Target) -> None:
    """Raise PushFailed where the library for such a place is not installed."""
    module, extra = NEEDS.get(target.scheme, ("fsspec", ""))
    if find_spec(module) is None:
        raise PushFailed(
            f"{target.scheme}:// needs {module}, which is not installed here: in evalhub's folder, "
            f'pip install -c constraints.txt -e ".[{extra}]".'
        )


def _bring(folder: Path, mark: dict[str, Any], target: Target, beat: Beat) -> bool:
    place = place_of(target)
    before = place.mark()
    is_same = before is not None and all(before.get(name) == mark[name] for name in _SAME)
    if before is not None and is_same and place.has(sorted(before["files"])):
        return False
    paths = sorted(mark["files"], key=lambda path: (path == "README.md", path))  # the card after it
    stale = sorted(set(before["files"] if before else ()) - set(paths))
    place.put(folder, paths, stale, beat)
    return True


def _failures() -> tuple[type[Exception], ...]:
    """What the libraries raise of refusals and broken lines."""
    found: list[type[Exception]] = [OSError]
    if find_spec("botocore"):
        from botocore.exceptions import BotoCoreError, ClientError

        found += [BotoCoreError, ClientError]
    if find_spec("huggingface_hub"):
        from huggingface_hub.errors import HfHubHTTPError

        found += [*HfHubHTTPError.__bases__]  # also those of the client that it is built on
    return tuple(found)


def told(target: Target, error: Exception) -> str:
    """By kind alone: the libraries' own words may hold signed addresses and names of keys."""
    why = {
        "PermissionError": "it refuses the credentials of the environment",
        "NoCredentialsError": "the environment has no credentials for it",
        "FileNotFoundError": "it is not there",
    }.get(type(error).__name__, f"the connection ended with {type(error).__name__}")
    return f"{target} did not take the files: {why}."
