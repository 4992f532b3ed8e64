"""Layers in one pass: what they compute and what they pass back is what PEFT's do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WAYS = {
    "usual": {},
    "scaled by the root of the rank": {"use_rslora": True},
    "with dropout": {"lora_dropout": 0.5},
    "of size and direction": {"use_dora": True},
}


def adapted(path: Path, **way: Any) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    torch.manual_seed(0)
    config = LoraConfig(r=3, target_modules="all-linear", task_type="CAUSAL_LM", **way)
    found = get_peft_model(model, config)
    for name, each in found.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(each, std=0.1)  # else nothing would come back through it
    return found


def told(model: Any) -> tuple[Any, dict[str, Any]]:
    """Logits, and the gradients of a loss."""
    import torch

    ids = torch.arange(40).view(2, 20) % 7 + 4
    model.zero_grad()
    torch.manual_seed(1)
    out = model(input_ids=ids, labels=ids)
    out.loss.backward()
    grads = {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}  # fmt: skip
    return out.logits.detach(), grads


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("way", WAYS)
def test_it_is_what_peft_computes(way: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    import torch

    from training import fused
    from training.device import Device

    model = adapted(tiny_model, **WAYS[way])
    logits, grads = told(model)
    calls = []
    apply = fused._Adapted.apply
    monkeypatch.setattr(fused._Adapted, "apply", lambda *given: calls.append(1) or apply(*given))
    fused.fuse(model, Device("cpu", torch.float32, ""))
    again, more = told(model)
    assert bool(calls) == (way in list(WAYS)[:2])
    assert torch.allclose(logits, again, atol=1e-5)
    assert grads.keys() == more.keys()
    for name, each in grads.items():
        assert torch.allclose(each, more[name], rtol=1e-4, atol=1e-6), name
    calls.clear()
    with model.disable_adapter(), torch.no_grad():
        model(input_ids=torch.tensor([[5, 6, 7]]))
    assert not calls


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_norms_of_one_kind_alone_are_taken() -> None:
    """Gemma adds one to the weights of a norm of the same name."""
    import torch
    from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
    from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

    from training.fused import _is_plain, _normed

    usual = Qwen2RMSNorm(16)
    torch.nn.init.normal_(usual.weight)
    assert _is_plain(usual)
    x = torch.randn(3, 16)
    assert torch.allclose(_normed(usual, x), usual(x), atol=1e-6)
    assert not _is_plain(GemmaRMSNorm(16))
    assert not _is_plain(torch.nn.Identity())
