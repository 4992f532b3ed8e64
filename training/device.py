"""What we compute on. The same code runs on a CPU and on one accelerator."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch

ACTIVATION_BYTES = 38  # per token, layer and hidden unit, kept for the backward pass of bf16 LoRA


@dataclass(frozen=True)
class Device:
    name: str  # "cpu" or "cuda"
    dtype: torch.dtype
    hardware: str

    @property
    def is_cpu(self) -> bool:
        return self.name == "cpu"

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """bf16 where the weights are bf16; nothing on a CPU, where runs repeat to the bit."""
        if self.is_cpu:
            return contextlib.nullcontext()
        return torch.autocast(self.name, dtype=self.dtype, enabled=self.dtype == torch.bfloat16)

    def describe(self) -> dict[str, Any]:
        return {"device": self.name, "device_hardware": self.hardware, "dtype": str(self.dtype).removeprefix("torch.")}  # fmt: skip


def choose_device(*, threads: int) -> Device:
    """The accelerator if there is one: bf16, or fp32 on one too old for it. Never fp16: it overflows.

    Args:
        threads: of a CPU; the same number gives the same weights to the bit.
    """
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")
        fits = torch.cuda.is_bf16_supported(including_emulation=False)
        return Device(
            "cuda",
            torch.bfloat16 if fits else torch.float32,
            torch.cuda.get_device_name(),
        )
    torch.set_num_threads(threads)
    return Device("cpu", torch.float32, f"{torch.get_num_threads()} threads")


def needs_checkpointing(model: Any, device: Device, *, tokens: int) -> bool:
    """Whether to recompute activations (half as slow again) because `tokens` at once do not fit."""
    if device.is_cpu:
        return False
    config = model.config.get_text_config()
    wanted = tokens * config.num_hidden_layers * config.hidden_size * ACTIVATION_BYTES
    free, _ = torch.cuda.mem_get_info()
    return bool(wanted > 0.7 * free)
