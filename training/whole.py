"""A model of which all weights are trained: whether there is room, and what of it is kept."""

from __future__ import annotations

import shutil
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from training.artifacts import put_in_place
from training.attempt import Attempt
from training.contract import TrainOptions
from training.device import Device
from training.errors import InputError
from training.fitting import TIGHT, memory_bytes
from training.models import SAFELY, Loaded, readable, source_of, write_card

FOLDER = "model"  # below artifacts/
TRAINED = 16  # bytes of a weight: itself, its gradient and AdamW's two numbers, 32 bits each
COPY = 4  # of a weight as training began, or of its gradient before a batch that is added up


def demand_room(attempt: Attempt, options: TrainOptions, device: Device) -> None:
    """Count before anything is loaded.

    Raises:
        InputError: it begins with an adapter, or the memory does not hold the weights with what AdamW needs.
    """
    if attempt.spec.adapter:
        raise InputError(
            "All weights are trained from a base, and this run names an adapter: merge that into its base and "
            "take the merged model, or train the adapter further."
        )
    source = source_of(attempt)
    with readable(attempt):
        config = AutoConfig.from_pretrained(source, **SAFELY)
    with torch.device("meta"):  # shapes alone
        weights = sum(
            each.numel() for each in AutoModelForCausalLM.from_config(config).parameters()
        )
    copies = bool(getattr(options, "kl_to_base", 0)) + (options.accumulation > 1)
    wanted = bytes_of(weights, copies=copies)
    there = memory_bytes(device)
    if wanted > TIGHT * there:
        raise InputError(
            f"To train all of its {weights:,} weights takes {wanted / 1e9:.1f} GB without a single row, and the "
            f"device has {there / 1e9:.1f} GB: train an adapter (trains: adapter), or take a smaller base.",
            code="does_not_fit",
        )


def bytes_of(weights: int, *, copies: int) -> int:
    """Half a billion weights take 8 GB, and 2 GB more for each copy."""
    return weights * (TRAINED + COPY * copies)


def save_whole(loaded: Loaded, attempt: Attempt) -> None:
    """Write artifacts/model in the 32 bits that it was trained in: 16 would round what was learnt away."""
    unfinished = attempt.own / "unfinished-model"
    shutil.rmtree(unfinished, ignore_errors=True)
    loaded.model.save_pretrained(unfinished)
    AutoTokenizer.from_pretrained(source_of(attempt), **SAFELY).save_pretrained(unfinished)
    write_card(attempt, unfinished, library="transformers", is_a="Whole model")
    put_in_place(unfinished, attempt.artifacts / FOLDER)


def load_saved(loaded: Loaded, attempt: Attempt) -> Any:
    """What lies on disk, as it was stored."""
    model = AutoModelForCausalLM.from_pretrained(
        attempt.artifacts / FOLDER, dtype=loaded.model.dtype, use_safetensors=True, **SAFELY
    )
    return model.to(torch.device(loaded.device.name))  # type: ignore[arg-type]  # wrapped without types
