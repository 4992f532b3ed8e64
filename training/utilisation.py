"""How much of a device's arithmetic goes into learning: model FLOPs utilisation, on the 4N basis.

With a frozen base a token costs 2N forward and 2N for the gradients of activations; there are none of weights; where all
weights are trained it is 6N.
Attention, the adapter's own weights and what is read again are left out, so it is a lower bound. Sources: PaLM,
arXiv:2204.02311, appendix B, for 6N with all weights trained; peaks are NVIDIA's datasheets, BF16, dense.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from training.preparation import Prepared
from training.quantising import PACKED

T = 1e12
# the first that is found in the device's name; a part of a card (MIG) has no peak of its own here
PEAKS = (
    (r"MIG", None),
    (r"\bH200 NVL\b", 835 * T),
    (r"\bH200\b", 989 * T),
    (r"\bH100 NVL\b", 835 * T),
    (r"\bH100 PCIe\b", 756 * T),
    (r"\bH100 80GB HBM3\b", 989 * T),
    (r"\bA100\b", 312 * T),
    (r"\bA30\b", 165 * T),
    (r"\bA40\b", 149.7 * T),
    (r"\bA10\b", 125 * T),
    (r"\bL40S\b", 362 * T),
    (r"\bL4\b", 121 * T),
)  # fmt: skip
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def peak_flops(hardware: str, *, dtype: str) -> float | None:
    """Of a device by its name, a second; None where it is not known, as of every CPU and of other types.

    >>> peak_flops("NVIDIA H100 80GB HBM3", dtype="bfloat16"), peak_flops("2 threads", dtype="float32")
    (989000000000000.0, None)
    """
    if dtype != "bfloat16":
        return None
    return next((peak for pattern, peak in PEAKS if re.search(pattern, hardware)), None)


def multiplied_weights(base: Any, *, is_whole: bool = False) -> int | None:
    """N: the base's weights that each token is multiplied with; None for a mixture of experts, which uses some,
    and for one in 4 bits.

    A table of embeddings is looked up and not multiplied, unless it makes the logits as well.
    """
    config = base.config.get_text_config()
    if any(getattr(config, name, None) for name in EXPERTS):
        return None
    if any(each.dtype == PACKED for each in base.parameters()):
        return None  # two weights a number
    table, head = base.get_input_embeddings(), base.get_output_embeddings()
    left_out = None if head is not None and head.weight is table.weight else table.weight
    own = (each for each in base.parameters() if each.requires_grad == is_whole and each.dim() > 1)
    return int(sum(each.numel() for each in own if each is not left_out))


def mfu(tokens_per_second: float, *, weights: int, peak: float, per_weight: int = 4) -> float:
    """A share, 0 to 1: 12,473 tokens a second through 7.5e9 weights on an H100 (989 T) are 0.378."""
    return tokens_per_second * per_weight * weights / peak


def utilised_by(prepared: Prepared) -> Callable[[float], dict[str, float]]:
    """Tells the share for so many tokens a second; of a device or model without a known one, nothing."""
    device = prepared.device
    peak = peak_flops(device.hardware, dtype=str(device.dtype).removeprefix("torch."))
    weights = multiplied_weights(prepared.loaded.model, is_whole=prepared.is_whole)
    per_weight = 6 if prepared.is_whole else 4
    devices = prepared.world.size
    if peak is None or weights is None:
        return lambda tokens_per_second: {}
    return lambda tokens_per_second: {
        "mfu": round(
            mfu(tokens_per_second / devices, weights=weights, peak=peak, per_weight=per_weight), 4
        )
    }
