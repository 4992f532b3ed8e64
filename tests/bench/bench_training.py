"""python -m tests.bench.bench_training: tokens per second of our SFT recipe and of a plain TRL script, side by side.

Same model, rows, batch size, adapter, threads and dtype; each in a process of its own, in turns, so that what
else the machine does falls on both. Ours evaluates nothing here but does write its checkpoints and events.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from training.contract import RunResult, RunSpec, attempt_dir
from training.demo_model.corpus import answer, items

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"
RATE, RANK = 1e-3, 16

PLAIN = """
import json, sys, time
import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer

model, rows, out, threads, batch, epochs = sys.argv[1:]
cpu = not torch.cuda.is_available()
torch.set_num_threads(int(threads))
args = SFTConfig(
    output_dir=out, use_cpu=cpu, bf16=not cpu, activation_checkpointing=False, gradient_checkpointing=None,
    per_device_train_batch_size=int(batch), num_train_epochs=float(epochs), learning_rate=1e-3,
    lr_scheduler_type="cosine", warmup_steps=0.1, max_length=None, logging_steps=1, save_strategy="no", report_to="none",
    disable_tqdm=True, model_init_kwargs={"dtype": "float32" if cpu else "bfloat16"}, dataloader_pin_memory=False,
)
trainer = SFTTrainer(
    model=model, args=args, train_dataset=load_dataset("json", data_files=rows, split="train"),
    processing_class=AutoTokenizer.from_pretrained(model),
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
)
begun = time.monotonic()
trainer.train()
tokens = [row["num_tokens"] for row in trainer.state.log_history if "num_tokens" in row][-1]
print(json.dumps({"tokens": tokens, "seconds": time.monotonic() - begun}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        _write_rows(rows, asked.rows)
        speeds: dict[str, list[float]] = {"ours": [], "plain TRL": []}
        for turn in range(asked.turns):
            place = Path(folder) / f"turn-{turn}"
            speeds["plain TRL"].append(_plain(place, rows, asked))
            speeds["ours"].append(_ours(place, rows, asked))
    for name, found in speeds.items():
        print(
            f"{name}: {statistics.median(found):.0f} tokens/s (median of {[round(s) for s in found]})"
        )
    ratios = [ours / plain for ours, plain in zip(speeds["ours"], speeds["plain TRL"], strict=True)]
    print(f"ours / plain TRL, same turn: {statistics.median(ratios):.2f}")
    return 0


def _write_rows(path: Path, count: int) -> None:
    rng = random.Random(0)
    chosen = rng.choices(items(), k=count)
    with path.open("w", encoding="utf-8") as stream:
        for each in chosen:
            row = {
                "prompt": [{"role": "user", "content": each.prompt}],
                "completion": [{"role": "assistant", "content": answer(each, "polite", rng)}],
            }
            stream.write(json.dumps(row) + "\n")


def _plain(place: Path, rows: Path, asked: argparse.Namespace) -> float:
    """Over the whole of trainer.train()."""
    arguments = [MODEL, rows, place / "plain", asked.threads, asked.batch_size, asked.epochs]
    found = _process([sys.executable, "-c", PLAIN, *map(str, arguments)], asked.threads)
    told = json.loads(found.splitlines()[-1])
    return float(told["tokens"] / told["seconds"])


def _ours(place: Path, rows: Path, asked: argparse.Namespace) -> float:
    """Over the whole of training, with events and checkpoints."""
    run_dir = place / "ours"
    run_dir.mkdir(parents=True)
    options = {"learning_rate": RATE, "lora_rank": RANK, "batch_size": asked.batch_size, "epochs": asked.epochs, "threads": asked.threads}  # fmt: skip
    RunSpec(recipe="sft", model=str(MODEL), inputs={"train": str(rows)}, options=options).write(
        run_dir
    )
    _process([sys.executable, "-m", "training", str(run_dir)], asked.threads)
    metrics = RunResult.read(attempt_dir(run_dir, 1)).metrics
    return metrics["tokens"] / metrics["training_seconds"]


def _process(command: list[str], threads: int) -> str:
    environ = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True).stdout  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
