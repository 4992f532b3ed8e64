"""python -m tests.bench.bench_card [sft] [dpo]: tokens a second of an accelerator on a 7B architecture, random weights.

LoRA on all linear layers of Qwen2.5-7B's architecture, bf16, rows of about `--tokens` tokens. The base is made where
it is trained, 15 GB on disk. Ends with one JSON object: of each recipe tokens a second and share of the peak over
the last half of the steps, peak memory and the device. `--layers` and `--tokens` make it small enough for a CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from training.contract import RunResult, RunSpec, attempt_dir, read_events

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "training" / "assets" / "demo-model"  # whose tokenizer will do
QWEN = {
    "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_attention_heads": 28,
    "num_key_value_heads": 4, "max_position_embeddings": 32768, "rope_theta": 1e6, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
}  # fmt: skip
WORDS = [
    "the",
    "model",
    "answers",
    "a",
    "person",
    "who",
    "asks",
    "what",
    "it",
    "knows",
    "of",
    "rivers",
    "and",
    "ships",
    "in",
    "old",
    "towns",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["sft", "dpo"])
    parser.add_argument("--tokens", type=int, default=4040)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument(
        "--set", action="append", default=[], help="a setting of the runs: quantise=nf4"
    )
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        model = _model(folder / "base", asked.layers)
        for which in asked.which:
            found[which] = _run(which, folder / which, model, asked)
    print(json.dumps(found, indent=1))
    return 0


def _model(place: Path, layers: int) -> Path:
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    shutil.copytree(DEMO, place, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    known = json.loads((DEMO / "config.json").read_text("utf-8"))
    ends = {name: known[name] for name in ("eos_token_id", "pad_token_id") if name in known}
    where = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(where):
        base = Qwen2ForCausalLM(Qwen2Config(**QWEN, **ends, num_hidden_layers=layers))
    base.save_pretrained(place)
    return place


def _run(which: str, folder: Path, model: Path, asked: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir()
    chance = random.Random(0)

    def said(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words))

    words = int(asked.tokens / 1.45)
    told = "".join(json.dumps(_row(which, at, said, words)) + "\n" for at in range(2 * asked.batch_size))  # fmt: skip
    (folder / "rows.jsonl").write_text(told, "utf-8")
    options = {
        "batch_size": asked.batch_size, "max_steps": asked.steps, "lora_rank": 16, "max_length": asked.tokens,
        "allow_dropped": "a benchmark", "checkpoint_every": 10 * asked.steps,
        **dict(map(_setting, asked.set)),
    }  # fmt: skip
    inputs = {"train": "rows.jsonl"}
    RunSpec(recipe=which, model=str(model), inputs=inputs, options=options).write(folder)
    ended = subprocess.run(
        [sys.executable, "-m", "training", str(folder)], cwd=ROOT, env=dict(os.environ), check=False
    )
    attempt = attempt_dir(folder, 1)
    result = RunResult.read(attempt)
    if ended.returncode:
        return {"error": result.error}
    steps = [each.body for each in read_events(attempt) if "tokens_per_second" in each.body]
    steady = steps[len(steps) // 2 :]
    return {
        name: statistics.median(each[name] for each in steady)
        for name in ("tokens_per_second", "mfu", "memory_gb", "loss")
        if name in steady[0]
    } | {"device": result.environment["device_hardware"], "torch": result.environment["libraries"]["torch"]}  # fmt: skip


def _setting(told: str) -> tuple[str, Any]:
    name, _, value = told.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _row(which: str, at: int, said: Any, words: int) -> dict[str, Any]:
    """A prompt of a quarter of the row for sft; for dpo one of half of it, and two answers."""
    row = {"id": f"row-{at}", "group": f"row-{at}"}
    parts = {"sft": (0.2, {"completion": 0.7}), "dpo": (0.45, {"chosen": 0.22, "rejected": 0.22})}
    asks, answers = parts[which]
    row |= {"prompt": [{"role": "user", "content": said(int(asks * words))}]}
    return row | {
        name: [{"role": "assistant", "content": said(int(share * words))}]
        for name, share in answers.items()
    }


if __name__ == "__main__":
    sys.exit(main())
