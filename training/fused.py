"""What a layer does in several passes over its activations, done in one.

Shapes: N tokens, I and O units into and out of a layer, R rank of an adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from peft.tuners.lora import Linear
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear, rms_norm, silu

from training.device import Device

try:  # of the extra `gpu`; needs Triton
    from liger_kernel.ops.swiglu import LigerSiLUMulFunction
except ImportError:
    LigerSiLUMulFunction = None

SAME = 1e-5  # by which a norm in one pass may differ in 32 bits, beside its rounding to fewer


def fuse(model: Any, device: Device) -> None:
    """Let adapters on linear layers work in one pass where they can, and on an accelerator norms and gates.

    What is computed is the same but for rounding. An adapter that drops out, is of another kind, switched off or one
    of several goes on as PEFT does it.
    """
    layers: list[Any] = list(model.modules())
    for each in layers:
        if type(each) is Linear and type(each.base_layer) is nn.Linear:
            each.forward = partial(_adapted, each, each.forward)  # type: ignore[method-assign]
        elif device.is_cpu:
            continue
        elif type(each).__name__.endswith("RMSNorm") and _is_plain(each):
            each.forward = partial(_normed, each)
        elif LigerSiLUMulFunction and _is_gated(each):
            each.forward = partial(_gated, each)


def _is_gated(layer: Any) -> bool:
    """Whether it is down(SiLU(gate) · up): Shazeer, arXiv:2002.05202."""
    parts = {name for name, _ in layer.named_children()}
    return parts == {"gate_proj", "up_proj", "down_proj", "act_fn"} and _acts_as_silu(layer.act_fn)


class _Adapted(torch.autograd.Function):
    """x Wᵀ + bias + s (x Aᵀ) Bᵀ, W frozen."""

    @staticmethod
    def forward(
        ctx: Any, x_NI: Tensor, w_OI: Tensor, bias_O: Tensor | None, a_RI: Tensor, b_OR: Tensor, scale: float
    ) -> Tensor:  # fmt: skip
        ctx.kind, ctx.scale = a_RI.dtype, scale
        a_RI, b_OR = a_RI.to(x_NI.dtype), b_OR.to(x_NI.dtype)
        y_NO = linear(x_NI, w_OI, bias_O)
        h_NR = linear(x_NI, a_RI).mul_(scale)
        ctx.save_for_backward(x_NI, w_OI, a_RI, b_OR, h_NR)
        return y_NO.addmm_(h_NR, b_OR.T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given_NO: Tensor) -> tuple[Tensor | None, ...]:
        x_NI, w_OI, a_RI, b_OR, h_NR = ctx.saved_tensors
        given_NR = (given_NO @ b_OR).mul_(ctx.scale)
        x = None
        if ctx.needs_input_grad[0]:
            x = (given_NO @ w_OI).addmm_(given_NR, a_RI)
        a = (given_NR.T @ x_NI).to(ctx.kind) if ctx.needs_input_grad[3] else None
        b = (given_NO.T @ h_NR).to(ctx.kind) if ctx.needs_input_grad[4] else None
        return x, None, None, a, b, None


def _adapted(
    layer: Any, usual: Callable[..., Tensor], x: Tensor, *args: Any, **known: Any
) -> Tensor:
    (name, *more) = layer.active_adapters or [None]
    is_plain = (
        not (layer.disable_adapters or layer.merged or more or args or known)
        and name in layer.lora_A
        and name not in layer.lora_variant
        and isinstance(layer.lora_dropout[name], nn.Identity)
    )
    if not is_plain:
        return usual(x, *args, **known)
    base, a, b = layer.base_layer, layer.lora_A[name].weight, layer.lora_B[name].weight
    place = x.device.type
    if torch.is_autocast_enabled(place):
        x = x.to(torch.get_autocast_dtype(place))
    with torch.autocast(place, enabled=False):
        y: Tensor = _Adapted.apply(  # type: ignore[no-untyped-call]
            x.flatten(0, -2), base.weight, base.bias, a, b, layer.scaling[name]
        )
    return y.view(*x.shape[:-1], -1)


def _normed(norm: Any, x: Tensor) -> Tensor:
    with torch.autocast(x.device.type, enabled=False):
        return rms_norm(x, norm.weight.shape, norm.weight, _epsilon(norm))


def _gated(layer: Any, x: Tensor) -> Tensor:
    gated: Tensor = LigerSiLUMulFunction.apply(layer.gate_proj(x), layer.up_proj(x))
    return cast("Tensor", layer.down_proj(gated))


def _acts_as_silu(act: Any) -> bool:
    x = torch.linspace(-4, 4, 9)
    return bool(torch.equal(act(x), silu(x)))


def _epsilon(norm: Any) -> float:
    return float(getattr(norm, "variance_epsilon", None) or norm.eps)


def _is_plain(norm: Any) -> bool:
    """Whether it is the norm of Zhang and Sennrich (arXiv:1910.07467) and not one of its kin."""
    weight = getattr(norm, "weight", None)
    if weight is None or not (hasattr(norm, "variance_epsilon") or hasattr(norm, "eps")):
        return False
    x = torch.linspace(-2, 3, weight.numel(), device=weight.device, dtype=weight.dtype)[None]
    with torch.no_grad():
        apart = (norm(x) - _normed(norm, x)).abs().max()
    return bool(apart <= SAME + 4 * torch.finfo(weight.dtype).eps)
