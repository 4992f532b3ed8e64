"""Put an adapter's weights into its base, for what serves whole models only; and say what that changed.

The product is added to the base's weights in this device's precision (32 bits on a CPU) and stored in the
base's own, which rounds. So what was stored is loaded again and compared with base and adapter on fixed
prompts: what is measured is what somebody gets. By hand: {"recipe": "merge", "model": …, "adapter": …}.
Shapes: T tokens of a prompt, V words.
"""

from __future__ import annotations

import gc
import shutil
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from training.artifacts import put_in_place, write_rows
from training.attempt import Attempt
from training.contract import MergeOptions
from training.data import demand_sane
from training.device import choose_device
from training.errors import InputError
from training.models import attach_adapter, load_base

PROMPTS = (  # fixed, so that figures of different models can be compared
    "Why is the sky blue?",
    "Write a polite e-mail that declines an invitation.",
    "Was ist die Hauptstadt von Frankreich?",
    "List three uses of a paper clip:\n1.",
    "def fibonacci(n):\n    ",
    "The quick brown fox jumps over the lazy dog. 0123456789 (a + b)² = a² + 2ab + b²",
)
STEPS = (
    "loading the base and the adapter",
    "reading the prompts with the adapter beside the base",
    "merging",
    "storing",
    "loading it again and reading the prompts",
)


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/merged, a whole model, and artifacts/merge.jsonl, a row for each prompt."""
    options = MergeOptions.of(attempt.spec.options)
    demand_sane(options)
    if not attempt.spec.adapter:
        raise InputError("A merge needs an adapter; name one.")
    device = choose_device(threads=options.threads)
    _begin(attempt, 0)
    loaded = load_base(attempt, device)
    source = loaded.model.name_or_path
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    stored_as = AutoConfig.from_pretrained(source, trust_remote_code=False).dtype or device.dtype
    model = attach_adapter(loaded.model, attempt, trainable=False).eval()

    _begin(attempt, 1)
    beside = [_logits(model, tokenizer, text, device.name) for text in PROMPTS]
    with model.disable_adapter():
        without = [_logits(model, tokenizer, text, device.name) for text in PROMPTS]

    _begin(attempt, 2)
    merged = model.merge_and_unload(safe_merge=True)  # raises for a weight that is not a number

    _begin(attempt, 3)
    folder = attempt.run_dir / "unfinished-merged"
    shutil.rmtree(folder, ignore_errors=True)
    merged.to(stored_as).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    del merged, model, loaded
    gc.collect()  # else two models lie in memory

    _begin(attempt, 4)
    again = AutoModelForCausalLM.from_pretrained(
        folder, dtype=device.dtype, use_safetensors=True, trust_remote_code=False
    )
    again.to(torch.device(device.name)).eval()  # type: ignore[arg-type]  # wrapped without types
    after = [_logits(again, tokenizer, text, device.name) for text in PROMPTS]
    rows = [
        {"prompt": text, **_compared(*logits)}
        for text, *logits in zip(PROMPTS, after, beside, without, strict=True)
    ]
    put_in_place(folder, attempt.artifacts / "merged")
    write_rows(attempt.artifacts / "merge.jsonl", rows)
    attempt.progress(len(STEPS), len(STEPS))
    return _told(attempt, rows)


def _begin(attempt: Attempt, step: int) -> None:
    attempt.stop.check()
    attempt.progress(step, len(STEPS), note=STEPS[step])


def _logits(model: Any, tokenizer: PreTrainedTokenizerBase, text: str, place: str) -> Tensor:
    tokens = tokenizer(text, return_tensors="pt").input_ids.to(place)
    with torch.no_grad():
        logits: Tensor = model(input_ids=tokens, use_cache=False).logits[0]
    return logits.float().cpu()


def _compared(merged_TV: Tensor, beside_TV: Tensor, without_TV: Tensor) -> dict[str, float]:
    """By how much the merged model differs, and by how much the adapter changes its base at all."""
    difference_TV = (merged_TV - beside_TV).abs()
    same_T = merged_TV.argmax(dim=-1) == beside_TV.argmax(dim=-1)
    return {
        "tokens": len(same_T),
        "max_logit_difference": float(difference_TV.max()),
        "mean_logit_difference": float(difference_TV.mean()),
        "same_top_token": float(same_T.float().mean()),
        "adapter_effect": float((beside_TV - without_TV).abs().max()),
    }


def _told(attempt: Attempt, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Over all prompts; tokens count alike."""
    tokens = sum(row["tokens"] for row in rows)
    most = max(row["max_logit_difference"] for row in rows)
    effect = max(row["adapter_effect"] for row in rows)
    if not effect:
        attempt.find("adapter_inert", f"the same logits as the base on {len(rows)} prompts")
    elif most > effect / 2:
        told = f"logits differ by up to {most:.3g}, and the adapter moves them by {effect:.3g}"
        attempt.find("merge_rounds", told)
    means = {
        name: sum(row[name] * row["tokens"] for row in rows) / tokens
        for name in ("mean_logit_difference", "same_top_token")
    }
    return {
        "max_logit_difference": most,
        "adapter_effect": effect,
        "tokens": float(tokens),
        **means,
    }
