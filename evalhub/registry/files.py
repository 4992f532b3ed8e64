"""A model's files, and one digest for all of them."""

from __future__ import annotations

from math import prod
from pathlib import Path

from django.conf import settings

from evalhub.common.canonical import digest_of
from evalhub.common.files import Beat, digest_of_file, unwatched
from evalhub.formats.safetensors import NotSafetensors, tensors_of
from evalhub.registry.errors import NoModelThere

NEEDED = "config.json"


def folder_of(source: str) -> Path | None:
    """The directory that `source` names, or None for a hub id. Relative ones lie in the checkout."""
    folder = Path(settings.BASE_DIR) / Path(source).expanduser()
    return folder if folder.is_dir() else None


def demand_model_at(source: str) -> None:
    """Look without reading: weights may be hundreds of gigabytes.

    Raises:
        NoModelThere: a directory without a model, or neither a directory nor a hub id.
    """
    folder = folder_of(source)
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
