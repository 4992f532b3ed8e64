"""python -m tests.bench.bench_leak: what a row split would have told, and what ours tells.

Pairs whose labels follow no rule: each prompt's answers stand in an order drawn by lot, so no model can be
right about a prompt that it has not seen, and an honest figure is 50 %. The same model and settings are
trained on a split of the rows and on a split of the prompt groups, and measured on what each holds out.
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
import uuid
from itertools import combinations
from pathlib import Path
from typing import Any

import django

from training.contract import RunResult, RunSpec, attempt_dir

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"
PROMPTS = ROOT / "evalhub" / "demo" / "prompts.jsonl"
ANSWERS = 4  # of each prompt: six pairs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--epochs", type=float, default=8.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    django.setup()
    found: dict[str, list[float]] = {"rows": [], "groups": []}
    for seed in range(asked.seeds):
        rows = pairs_without_a_rule(asked.prompts, seed)
        for name, (train, held_out) in {
            "rows": by_rows(rows, seed),
            "groups": by_groups(rows, seed),
        }.items():
            accuracy = trained(train, held_out, asked, seed)
            found[name].append(accuracy)
            print(
                f"seed {seed}, split by {name}: {len(train)} + {len(held_out)} pairs, {accuracy:.1%}"
            )
    for name, values in found.items():
        told = ", ".join(f"{value:.0%}" for value in values)
        print(f"split by {name}: {statistics.mean(values):.1%} right on held-out pairs ({told})")
    return 0


def pairs_without_a_rule(count: int, seed: int) -> list[dict[str, Any]]:
    """Every pair of each prompt's answers, the better one by that prompt's own lot."""
    rng, rows = random.Random(seed), []
    for prompt in map(json.loads, PROMPTS.read_text("utf-8").splitlines()):
        texts = list({each["content"]: None for each in prompt["completions"]})
        if len(texts) < ANSWERS:
            continue
        rng.shuffle(texts)
        group = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{prompt['id']} {seed}"))
        for better, worse in combinations(texts[:ANSWERS], 2):
            rows.append(
                {
                    "id": f"{prompt['id']}-{len(rows)}",
                    "group": group,
                    "prompt": prompt["messages"],
                    "chosen": [{"role": "assistant", "content": better}],
                    "rejected": [{"role": "assistant", "content": worse}],
                }
            )
    return rows[: count * ANSWERS * (ANSWERS - 1) // 2]


def by_rows(rows: list[dict[str, Any]], seed: int) -> tuple[list[Any], list[Any]]:
    """Every fifth pair, whatever its prompt."""
    shuffled = random.Random(seed).sample(rows, len(rows))
    return shuffled[len(rows) // 5 :], shuffled[: len(rows) // 5]


def by_groups(rows: list[dict[str, Any]], seed: int) -> tuple[list[Any], list[Any]]:
    """As evalhub draws it, what is not for training held out."""
    from evalhub.prompts.grouping import split_of  # needs Django, which main() sets up

    train = [row for row in rows if split_of(uuid.UUID(row["group"])) == "train"]
    held_out = [row for row in rows if split_of(uuid.UUID(row["group"])) != "train"]
    return random.Random(seed).sample(train, len(train)), held_out


def trained(train: list[Any], held_out: list[Any], asked: argparse.Namespace, seed: int) -> float:
    """The share of held-out pairs that the adapter's own reward puts right."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, rows in (("train", train), ("validation", held_out)):
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (place / f"{name}.jsonl").write_text(text, "utf-8")
        options = {
            "learning_rate": 2e-3,
            "epochs": asked.epochs,
            "batch_size": 16,
            "threads": asked.threads,
            "loss": ["sigmoid"],
            "loss_weights": [1.0],
        }
        inputs = {name: str(place / f"{name}.jsonl") for name in ("train", "validation")}
        spec = RunSpec(recipe="dpo", model=str(MODEL), seed=seed, inputs=inputs, options=options)
        spec.write(place)
        command = [sys.executable, "-m", "training", str(place)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return RunResult.read(attempt_dir(place, 1)).metrics["eval_reward_accuracy"]


if __name__ == "__main__":
    raise SystemExit(main())
