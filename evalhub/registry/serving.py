"""How an adapter is served: the command for vLLM, and where that would not do what it should."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass

from evalhub.common.files import file_store
from evalhub.registry.adapters import CONFIG
from evalhub.registry.files import folder_of, is_stored
from evalhub.registry.models import LanguageModel, ModelKind

RANKS = (
    1,
    8,
    16,
    32,
    64,
    128,
    256,
    320,
    512,
)  # that vLLM takes as --max-lora-rank, as far as we know


@dataclass(frozen=True)
class Serving:
    """A command, with both folders in the directory where it is started; or why there is none."""

    command: str = ""
    why_not: str = ""


def serving_of(model: LanguageModel) -> Serving | None:
    """None for what is no adapter that writes answers."""
    file = model.facts.get("files", {}).get(CONFIG)
    if model.kind != ModelKind.ADAPTER or file is None:
        return None
    try:
        with file_store().open(file["key"]) as stream:
            config = json.load(stream)
    except (FileNotFoundError, ValueError):
        return Serving(why_not=f"Its {CONFIG} cannot be read.")
    if told := _not_by_vllm(config):
        return Serving(why_not=f"vLLM does not serve an adapter with {told}: merge it first.")
    needed = max([config.get("r", 0), *config.get("rank_pattern", {}).values()])
    rank = next((each for each in RANKS if each >= needed), None)
    if rank is None:
        return Serving(why_not=f"vLLM serves ranks to {RANKS[-1]}, and this is {needed}: merge it.")
    name = folder_name(model)
    base = model.base.source
    where = f"./{folder_name(model.base)}" if folder_of(base) or is_stored(base) else base
    return Serving(
        f"vllm serve {shlex.quote(where)} --enable-lora --max-lora-rank {rank} "
        f"--lora-modules {name}=./{name}"
    )


def folder_name(model: LanguageModel) -> str:
    """A name for files that needs no quotes anywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model.name).strip("-.") or str(model.uid)


def _not_by_vllm(config: dict[str, object]) -> str:
    """Settings of PEFT that vLLM refuses, or would leave out of account."""
    refused = {"use_dora": "DoRA", "modules_to_save": "whole modules", "bias": "biases"}
    found = [
        word for name, word in refused.items() if config.get(name) not in (None, False, "none", [])
    ]
    return " and ".join(found)
