"""An adapter's two files, and what its configuration says before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.errors import InputError

CONFIG, WEIGHTS = ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


def task_of(folder: Path, *, named: str) -> Any:
    """What the adapter is for, in PEFT's words; None where its configuration does not say.

    Args:
        named: the adapter, as the spec names it.

    Raises:
        InputError: the configuration is no JSON, or no object.
    """
    remedy = "Save the adapter anew with PEFT’s save_pretrained."
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
    except ValueError as error:  # as well of bytes that are no UTF-8
        raise InputError(
            f"{CONFIG} of the adapter {named} cannot be read: {error}. {remedy}"
        ) from error
    if not isinstance(config, dict):
        raise InputError(f"{CONFIG} of the adapter {named} is no object. {remedy}")
    return config.get("task_type")
