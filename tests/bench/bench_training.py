"""python -m tests.bench.bench_training [sft] [dpo]: seconds of our recipes and of plain TRL scripts, side by side.

Same model, rows, batch size, epochs, adapter, threads and dtype; each in a process of its own, in turns, so
that what else the machine does falls on both. Ours writes its checkpoints and events, and DPO's seconds hold
the reading of the reference on every side. Ends with one JSON object: how many times as fast ours is.
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
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bench import training_scripts
from training.contract import RunResult, RunSpec, attempt_dir, read_events

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"
DEMOS = ROOT.parent / "shared" / "data" / "llamafactory_demos"
ROLES = {"human": "user", "gpt": "assistant", "system": "system"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["sft", "dpo"])
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--longest", type=int, default=2000, help="tokens of a row")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=2)
    asked = parser.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for which in asked.which:
            found |= {"sft": _sft, "dpo": _dpo}[which](Path(folder), asked)
    print(json.dumps(found))
    return 0


def _sft(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    """Answers of people's length; the adapters are measured by the same recipe, `evaluate`."""
    rows, held_out = folder / "sft.jsonl", folder / "held_out.jsonl"
    chats = _chats(asked.longest)
    _write(rows, chats[: 4 * asked.rows])
    _write(held_out, chats[4 * asked.rows :][:40])
    options = {"learning_rate": 1e-3, "lora_rank": 16}
    script = training_scripts.SFT
    ways: dict[str, Callable[[Path], dict[str, Any]]] = {
        "plain": lambda place: _plain(script, place, rows, held_out, asked),
        "ours": lambda place: _ours("sft", place, rows, options, asked),
    }
    seconds, last = _in_turns(ways, folder, asked.turns)
    losses = {name: _loss(folder / f"{name}-measured", told["adapter"], held_out) for name, told in last.items()}  # fmt: skip
    return {
        "sft_ratio": _ratio(seconds, "plain"),
        **{f"sft_loss_{name}": round(loss, 4) for name, loss in losses.items()},
    }


def _dpo(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    rows = folder / "dpo.jsonl"
    _write(rows, _pairs(asked.longest)[: asked.rows])
    options = {"learning_rate": 1e-4, "lora_rank": 16}
    script = training_scripts.DPO
    ways: dict[str, Callable[[Path], dict[str, Any]]] = {
        "defaults": lambda place: _plain(script, place, rows, rows, asked, "defaults"),
        "tuned": lambda place: _plain(script, place, rows, rows, asked, "tuned"),
        "ours": lambda place: _ours("dpo", place, rows, options, asked),
    }
    seconds, last = _in_turns(ways, folder, asked.turns)
    return {
        "dpo_ratio": _ratio(seconds, "defaults"),
        "dpo_ratio_tuned": _ratio(seconds, "tuned"),
        **{f"dpo_margin_{name}": round(told["margin"], 4) for name, told in last.items()},
    }


def _in_turns(
    ways: dict[str, Callable[[Path], dict[str, Any]]], folder: Path, turns: int
) -> tuple[dict[str, list[float]], dict[str, dict[str, Any]]]:
    """The seconds of each, and what each said last."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    last: dict[str, dict[str, Any]] = {}
    for turn in range(turns):
        for name, way in ways.items():
            last[name] = way(folder / f"{name}-{turn}-{time.monotonic_ns()}")
            seconds[name].append(last[name]["seconds"])
            print(f"{name}, turn {turn + 1}: {seconds[name][-1]:.1f} s", flush=True)
    return seconds, last


def _ratio(seconds: dict[str, list[float]], other: str) -> float:
    pairs = zip(seconds[other], seconds["ours"], strict=True)
    return round(statistics.median(theirs / ours for theirs, ours in pairs), 2)


def _chats(longest: int) -> list[dict[str, Any]]:
    """Of alpaca_en_demo, in an order drawn once."""
    told = json.loads((DEMOS / "alpaca_en_demo.json").read_text("utf-8"))
    found = []
    for each in told:
        asked = f"{each['instruction']}\n{each['input']}".strip()
        if each["output"].strip() and len(asked) + len(each["output"]) < 2 * longest:
            found.append({"prompt": [{"role": "user", "content": asked}], "completion": [{"role": "assistant", "content": each["output"]}]})  # fmt: skip
    random.Random(0).shuffle(found)
    return found


def _pairs(longest: int) -> list[dict[str, Any]]:
    """Of dpo_en_demo, those whose prompt is at least half of the tokens; in an order drawn once."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    def length(text: Sequence[dict[str, str]]) -> int:
        return sum(len(tokenizer(turn["content"])["input_ids"]) for turn in text)

    found = []
    for each in json.loads((DEMOS / "dpo_en_demo.json").read_text("utf-8")):
        row = {"prompt": [{"role": ROLES[turn["from"]], "content": turn["value"]} for turn in each["conversations"]]}  # fmt: skip
        row |= {name: [{"role": "assistant", "content": each[name]["value"]}] for name in ("chosen", "rejected")}  # fmt: skip
        prompt, *answers = (length(row[name]) for name in ("prompt", "chosen", "rejected"))
        whole = prompt + sum(answers)
        if min(answers) and prompt >= whole / 2 and whole <= longest:
            found.append(row)
    random.Random(0).shuffle(found)
    return found


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _plain(
    script: str, place: Path, rows: Path, held_out: Path, asked: argparse.Namespace, way: str = ""
) -> dict[str, Any]:
    arguments = [MODEL, rows, held_out, place, asked.threads, asked.batch_size, asked.epochs, way]
    found = _process([sys.executable, "-c", script, *map(str, arguments)], asked.threads)
    return dict(json.loads(found.splitlines()[-1]))


def _ours(
    recipe: str, place: Path, rows: Path, options: dict[str, Any], asked: argparse.Namespace
) -> dict[str, Any]:
    """Over all of the recipe but loading the model and encoding the rows: the first event to the result."""
    place.mkdir(parents=True)
    options |= {"batch_size": asked.batch_size, "epochs": asked.epochs, "threads": asked.threads}
    spec = RunSpec(recipe=recipe, model=str(MODEL), inputs={"train": str(rows)}, options=options)
    spec.write(place)
    _process([sys.executable, "-m", "training", str(place)], asked.threads)
    metrics = RunResult.read(attempt_dir(place, 1)).metrics
    reading = metrics.get("reference_seconds", 0.0)
    told = {"seconds": metrics["training_seconds"] + reading, "adapter": str(place / "artifacts" / "adapter")}  # fmt: skip
    steps = [event.body for event in read_events(attempt_dir(place, 1)) if "loss" in event.body]
    return told | {"margin": steps[-1].get("margin")}


def _loss(place: Path, adapter: str, held_out: Path) -> float:
    place.mkdir()
    options = {"max_length": 0, "batch_size": 4, "allow_dropped": "a benchmark"}
    RunSpec(recipe="evaluate", model=str(MODEL), adapter=adapter, inputs={"texts": str(held_out)}, options=options).write(place)  # fmt: skip
    _process([sys.executable, "-m", "training", str(place)], 1)
    return RunResult.read(attempt_dir(place, 1)).metrics["loss"]


def _process(command: list[str], threads: int) -> str:
    environ = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_CACHE": tempfile.gettempdir()
        + f"/bench-datasets-{os.getpid()}-{time.monotonic_ns()}",
    }
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
