"""A dataset of a hub by its id: its files of rows, as one zip, so that the rest is as for any file.

Through huggingface_hub, never through a library that runs a dataset's own code. A token comes from the
worker's environment (HF_TOKEN) only; HF_ENDPOINT names another hub.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, cast

from evalhub.common.files import file_store
from evalhub.formats.containers import IN_ARCHIVES
from evalhub.imports.errors import HubUnreachable
from evalhub.imports.models import Import
from evalhub.jobs.beat import Beat

MOST_FILES, MOST_BYTES = 200, 2**34
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")


def is_hub_id(text: str) -> bool:
    """Whether it can be a dataset's id: owner/name, or a name alone."""
    return _ID.fullmatch(text) is not None and ".." not in text and "--" not in text


def fetch_from_hub(source: Import, beat: Beat) -> None:
    """Store the dataset's files, unless that was done or the import is of a file.

    Raises:
        HubUnreachable: there is no such dataset, revision or split, it is too large, or the hub
            does not answer.
    """
    if source.file_key or not source.hub:
        return
    if find_spec("huggingface_hub") is None:
        raise HubUnreachable(
            "Datasets of a hub need huggingface_hub, which is not installed here: "
            "in evalhub's folder, pip install '.[hub]'."
        )
    with tempfile.TemporaryDirectory(prefix="evalhub-hub-") as folder:
        target = Path(folder) / "files.zip"
        revision = _fetch(source.hub, target, beat)
        stored = file_store().put(target, beat=lambda: beat.report(done=0, note="storing"))
    with beat.fenced():
        source.file_key = stored.key
        source.hub |= {"revision": revision}
        source.counts |= {"bytes": stored.bytes, "sha256": stored.sha256}
        source.save(update_fields=["file_key", "hub", "counts"])


def _fetch(hub: dict[str, str], target: Path, beat: Beat) -> str:
    """Write the zip; return the commit that the files are of."""
    from huggingface_hub.errors import HfHubHTTPError

    # its bases are those of the client behind it: no answer at all is one of them, too
    faults = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, OSError, ValueError))
    try:
        return _copy_files(hub, target, beat)
    except faults as error:
        raise HubUnreachable(f"The hub did not give {hub['id']}: {_first_line(error)}") from error


def _copy_files(hub: dict[str, str], target: Path, beat: Beat) -> str:
    from huggingface_hub import HfApi, HfFileSystem

    endpoint = os.environ.get("HF_ENDPOINT") or None
    api = HfApi(endpoint=endpoint)
    found = api.dataset_info(hub["id"], revision=hub.get("revision"), files_metadata=True)
    sizes = {each.rfilename: each.size or 0 for each in found.siblings or []}
    names = files_of_split(list(sizes), hub.get("split", ""))
    size = sum(sizes[name] for name in names)
    if not names:
        of = f" of the split {hub['split']}" if "split" in hub else ""
        kinds = ", ".join(IN_ARCHIVES)
        raise HubUnreachable(f"{hub['id']} has no files of rows ({kinds}){of}.")
    if len(names) > MOST_FILES or size > MOST_BYTES:
        raise HubUnreachable(
            f"{hub['id']} has {len(names):,} files of {size:,} bytes; name a split, or bring a part "
            "of it as a file."
        )
    system = HfFileSystem(endpoint=endpoint, skip_instance_cache=True)
    with zipfile.ZipFile(target, "w") as archive:  # stored: Parquet is compressed already
        for nth, name in enumerate(names):
            beat.report(done=nth, total=len(names), note=name)
            path = f"datasets/{hub['id']}@{found.sha}/{name}"
            with (
                system.open(path, "rb") as remote,
                archive.open(name, "w", force_zip64=True) as to,
            ):
                shutil.copyfileobj(remote, to, 2**20)
    return str(found.sha)


def files_of_split(names: list[str], split: str) -> list[str]:
    """The files of rows of a dataset's repository; of one split where one is asked for.

    A split is named as the hub reads it: by the file's name (train.jsonl, train-00000-of-00002.parquet)
    or a folder (data/train/…). Where files come as Parquet and otherwise too, Parquet is taken.
    """
    rows = [name for name in names if PurePosixPath(name).suffix.lower() in IN_ARCHIVES]
    rows = [
        name
        for name in rows
        if PurePosixPath(name).name not in ("dataset_infos.json", "dataset_info.json")
    ]
    if split:
        rows = [name for name in rows if _is_of(PurePosixPath(name), split)]
    parquet = [name for name in rows if name.lower().endswith(".parquet")]
    return sorted(parquet or rows)


def _is_of(path: PurePosixPath, split: str) -> bool:
    stem = path.name.split(".", 1)[0]
    named = re.split(r"[-_]", stem)
    return stem == split or split in named or split in path.parts[:-1]


def _first_line(error: Any) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
