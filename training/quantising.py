"""A base in 4 bits beside an adapter that is trained: QLoRA, by bitsandbytes on a CUDA device.

Source: Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs", arXiv:2305.14314: 4-bit NormalFloat,
double quantisation, arithmetic in bfloat16. Differs from PEFT's prepare_model_for_kbit_training: what is not
quantised (norms, embeddings, the head) stays in bfloat16, as of every base here, and is not cast to 32 bits.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch
from transformers import BitsAndBytesConfig

from training.device import Device
from training.errors import InputError

PACKED = torch.uint8  # two weights of 4 bits each


def demand_quantising(device: Device) -> None:
    """Raise InputError where this machine cannot, with what to do."""
    if device.is_cpu or device.dtype != torch.bfloat16:
        raise InputError(
            "quantise needs an NVIDIA card that computes in bfloat16, and this worker trains on "
            f"{device.hardware}: set quantise to nothing, or ask for a worker that has one by its label."
        )
    if find_spec("bitsandbytes") is None:
        raise InputError(
            "quantise needs bitsandbytes, which this worker lacks: install the extra qlora there "
            "(pip install '.[train,qlora]'), or set quantise to nothing."
        )


def nf4(*, keeps: str = "") -> BitsAndBytesConfig:
    """How a base is read; the head that writes stays as it is.

    Args:
        keeps: the name of another module that does, because it is trained.
    """
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=[keeps] if keeps else None,
    )
