"""An adapter that was trained elsewhere: what its two files say, before anything is loaded.

Only JSON and the header of a safetensors file are read here, so a hostile file can do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from evalhub.common.files import file_store
from evalhub.formats.safetensors import NotSafetensors, Tensor, tensors_in, tensors_of
from evalhub.registry.errors import UnfitAdapter
from evalhub.registry.files import folder_of, is_stored
from evalhub.registry.models import LanguageModel, ModelKind

CONFIG, WEIGHTS, CARD = "adapter_config.json", "adapter_model.safetensors", "README.md"
KEPT = (CONFIG, WEIGHTS, CARD)
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
KINDS = {"CAUSAL_LM": ModelKind.ADAPTER, "SEQ_CLS": ModelKind.REWARD}
MOST_CONFIG = 1_000_000  # bytes
_A, _B = ".lora_A.weight", ".lora_B.weight"
_QUANTISED = ("U8", "I8")  # several weights share a number: the shape says nothing


class _Config(msgspec.Struct):
    """What we check of adapter_config.json; the file is kept as it came."""

    peft_type: str = ""
    task_type: str | None = None
    base_model_name_or_path: str | None = None
    r: int = 0
    lora_alpha: float = 0
    target_modules: list[str] | str | None = None
    auto_mapping: dict[str, Any] | None = None


@dataclass(frozen=True)
class Inspected:
    """An adapter that fits its base."""

    kind: ModelKind
    rank: int
    modules: list[str]  # the last parts of the names of those it changes
    trained_on: str  # as its configuration names the base
    notes: list[str]  # what could not be checked, or is worth knowing
    left: list[str]  # other files that lie there; unread and not kept


def inspect_adapter(folder: Path, *, base: LanguageModel) -> Inspected:
    """Check the files in `folder` against each other and against the base's own.

    Raises:
        UnfitAdapter: a file is missing, is a pickle or cut, or was made for another base or task.
    """
    _demand_files(folder)
    config = _config_of(folder / CONFIG)
    try:
        tensors = tensors_of(folder / WEIGHTS)
    except NotSafetensors as error:
        raise UnfitAdapter(f"{error}. Save the adapter anew, as safetensors.") from error
    changed = _changed(tensors)
    notes = _demand_base(config, changed, base)
    names = {path.name for path in folder.iterdir()}
    return Inspected(
        kind=KINDS[str(config.task_type)],
        rank=max(inner for inner, _, _ in changed.values()),
        modules=sorted({name.rsplit(".", 1)[-1] for name in changed}),
        trained_on=config.base_model_name_or_path or "",
        notes=notes,
        left=sorted(names - set(KEPT)),
    )


def _demand_files(folder: Path) -> None:
    if not folder.is_dir():
        raise UnfitAdapter(f"There is no directory {folder}.")
    if not (folder / WEIGHTS).is_file():
        pickles = sorted(each.name for each in folder.iterdir() if each.suffix in PICKLES)
        found = f" {', '.join(pickles)} may be a pickle, which can run code and is never read."
        raise UnfitAdapter(
            f"There is no {WEIGHTS}.{found if pickles else ''} Save the adapter with PEFT’s "
            "save_pretrained, which writes safetensors."
        )
    if not (folder / CONFIG).is_file():
        raise UnfitAdapter(f"There is no {CONFIG}, which PEFT writes beside the weights.")


def _config_of(path: Path) -> _Config:
    if path.stat().st_size > MOST_CONFIG:
        raise UnfitAdapter(f"{CONFIG} is longer than any such file.")
    try:
        config = msgspec.json.decode(path.read_bytes(), type=_Config)
    except msgspec.MsgspecError as error:
        raise UnfitAdapter(f"{CONFIG} cannot be read: {error}.") from error
    if config.peft_type != "LORA":
        raise UnfitAdapter(f"It is an adapter of the kind {config.peft_type!r}; LORA is needed.")
    if config.task_type not in KINDS:
        raise UnfitAdapter(
            f"task_type is {config.task_type!r}, but must be CAUSAL_LM for an adapter that writes "
            f"answers or SEQ_CLS for one that scores them. Say which in {CONFIG}."
        )
    library = str((config.auto_mapping or {}).get("parent_library", "transformers"))
    if library.split(".")[0] != "transformers":
        raise UnfitAdapter(f"It names code to load, {library!r}; code of a model is never run.")
    if config.r < 1 or not config.target_modules:
        raise UnfitAdapter(f"{CONFIG} names no rank (r) or no target_modules.")
    return config


def _changed(tensors: dict[str, Tensor]) -> dict[str, tuple[int, int, int]]:
    """By the module that is changed: the rank, what goes in and what comes out."""
    found = {}
    for name, tensor in tensors.items():
        if not name.endswith(_A):
            continue
        module = name.removesuffix(_A)
        other = tensors.get(module + _B)
        if other is None or len(tensor.shape) < 2 or tensor.shape[0] != other.shape[1]:
            raise UnfitAdapter(f"{WEIGHTS} has half an adapter only: {module} lacks its B.")
        found[module] = (tensor.shape[0], tensor.shape[1], other.shape[0])
    if not found:
        raise UnfitAdapter(f"{WEIGHTS} holds no LoRA weights.")
    return found


def _demand_base(
    config: _Config, changed: dict[str, tuple[int, int, int]], base: LanguageModel
) -> list[str]:
    """Compare with the base's own weights where they lie here, else by name alone."""
    named = config.base_model_name_or_path or ""
    is_same = _last(named) in (_last(base.source), base.name.casefold())
    weights = _weights_of(base)
    if weights:
        _demand_shapes(changed, weights, base)
        told = f"It says that it was trained on {named!r}; its weights have the shapes of {base}."
        return [] if is_same else [told]
    if not is_same:
        raise UnfitAdapter(
            f"It says that it was trained on {named!r}, and the base is {base.source!r}. Name the "
            f"right base, or put base_model_name_or_path in {CONFIG} right."
        )
    return ["The base’s files are not on this machine, so shapes are checked at the first run."]


def _demand_shapes(
    changed: dict[str, tuple[int, int, int]], weights: dict[str, Tensor], base: LanguageModel
) -> None:
    for module, (_, inside, outside) in changed.items():
        tensor = weights.get(_place(module))
        if tensor is None:
            raise UnfitAdapter(f"“{base}” has no {_place(module)}, which the adapter changes.")
        if tensor.dtype not in _QUANTISED and sorted(tensor.shape) != sorted((inside, outside)):
            raise UnfitAdapter(
                f"{_place(module)} of “{base}” is {' × '.join(map(str, tensor.shape))}, and the "
                f"adapter was made for {outside} × {inside}: it was trained on another base."
            )


def _weights_of(base: LanguageModel) -> dict[str, Tensor]:
    """The base's tensors by what their module is called from its layers on."""
    found: dict[str, Tensor] = {}
    try:
        for tensors in _heads_of(base):
            found |= {_place(name.removesuffix(".weight")): each for name, each in tensors.items()}
    except NotSafetensors as error:
        raise UnfitAdapter(f"The base cannot be compared with: {error}.") from error
    if "embed_tokens" in found:  # a head that shares its weights is not stored
        found.setdefault("lm_head", found["embed_tokens"])
    return found


def _heads_of(base: LanguageModel) -> Iterator[dict[str, Tensor]]:
    """Of each file of weights: where the base lies here, or in the file store; none for one of the hub."""
    if folder := folder_of(base.source):
        yield from map(tensors_of, sorted(folder.glob("*.safetensors")))
    elif is_stored(base.source):
        files = base.facts["files"]
        for path in sorted(name for name in files if name.endswith(".safetensors")):
            key = files[path]["key"]
            with file_store().open(key) as stream:
                yield tensors_in(stream, name=path, size=file_store().size(key))


def _place(module: str) -> str:
    """Without what PEFT and the class of the model put before it."""
    at = module.find("layers.")
    return module[at:] if at >= 0 else module.rsplit(".", 1)[-1]


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1].casefold()
