"""A model's files, and one digest for all of them."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

from django.conf import settings

from evalhub.common.canonical import digest_of
from evalhub.common.files import Beat, digest_of_file, unwatched
from evalhub.formats.safetensors import NotSafetensors, tensors_of
from evalhub.registry.errors import NoModelThere, UnfitModel

NEEDED = "config.json"
STORED = "files:"  # before the digest of a base whose files lie in EVALHUB_FILES


def is_stored(source: str) -> bool:
    return source.startswith(STORED)


def place_of(source: str) -> Path:
    """Where the files of a stored base are laid out on this machine."""
    return Path(settings.EVALHUB_DATA_DIR) / "models" / source.removeprefix(STORED)


def folder_of(source: str) -> Path | None:
    """The directory that `source` names, or None where there is none here, as of a hub id.

    Relative ones lie in the checkout; stored ones where a worker of this machine laid them out before.
    """
    if is_stored(source):
        folder = place_of(source)
        return folder if folder.is_dir() else None
    folder = Path(settings.BASE_DIR) / Path(source).expanduser()
    return folder if folder.is_dir() else None


def demand_model_at(source: str) -> None:
    """Look without reading: weights may be hundreds of gigabytes.

    Raises:
        NoModelThere: a directory without a model, or neither a directory nor a hub id.
    """
    folder = folder_of(source)
    if is_stored(source):
        return  # a worker lays them out, and looks at each
    if folder is None:
        if source.count("/") != 1 or source.startswith(("/", ".", "~")):
            raise NoModelThere(
                f"There is no directory {source}. Give one that holds {NEEDED} and weights, or a "
                "hub id such as Qwen/Qwen3-0.6B."
            )
    elif not (folder / NEEDED).is_file():
        raise NoModelThere(f"{source} holds no {NEEDED}, so it is no model that can be loaded.")


def weights_of(source: str) -> int | None:
    """How many weights a model has, by the heads of its safetensors files; None where they are not here."""
    folder = folder_of(source)
    try:
        heads = [tensors_of(path) for path in folder.glob("*.safetensors")] if folder else []
    except NotSafetensors:
        return None
    return sum(prod(each.shape) for head in heads for each in head.values()) or None


def digest_of_source(source: str, beat: Beat = unwatched) -> str:
    """sha256 over name and content of each file; for a hub id over the id, its files being elsewhere.

    Raises:
        NoModelThere: as `demand_model_at`.
    """
    demand_model_at(source)
    folder = folder_of(source)
    if folder is None:
        return digest_of({"hub": source})
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of(
        {path.relative_to(folder).as_posix(): digest_of_file(path, beat) for path in paths}
    )


def inspect_whole(folder: Path, names: list[str]) -> None:
    """Look at a model that was trained on another machine; only JSON is read.

    Args:
        names: all files of it, of which `folder` need hold no more than its settings.

    Raises:
        UnfitModel: settings or weights are missing, or the settings name code to run.
    """
    if not any(name.endswith(".safetensors") for name in names):
        raise UnfitModel("What was trained has no weights in safetensors.")
    try:
        config = json.loads((folder / NEEDED).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UnfitModel(f"Its {NEEDED} cannot be read.") from error
    if not isinstance(config, dict) or "auto_map" in config:
        raise UnfitModel(f"Its {NEEDED} names code to load; code of a model is never run.")
