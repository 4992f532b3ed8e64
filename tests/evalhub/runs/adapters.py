"""PEFT folders for the demo model, written without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODULE = "base_model.model.model.layers.0.mlp.down_proj"  # 192 × 512 in the demo model
CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": "/home/somebody/demo-model",
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["down_proj"],
    "auto_mapping": None,
}


def adapter_folder(
    place: Path, *, inside: int = 512, module: str = MODULE, rank: int = 4, **changed: Any
) -> Path:
    """An adapter of zeros on one module; `changed` goes into its configuration."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "adapter_config.json").write_text(json.dumps(CONFIG | changed))
    shapes = {f"{module}.lora_A.weight": [rank, inside], f"{module}.lora_B.weight": [192, rank]}
    (place / "adapter_model.safetensors").write_bytes(zeros(shapes))
    return place


def zeros(shapes: dict[str, list[int]]) -> bytes:
    header, at = {}, 0
    for name, (rows, columns) in shapes.items():
        end = at + 4 * rows * columns
        header[name] = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(at)
